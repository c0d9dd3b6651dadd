COMMENT ON SCHEMA auction.serve IS 'What applications read';
GRANT USAGE ON SCHEMA auction.serve TO auction_reader;
