COMMENT ON DATABASE auction IS 'The auction house';
GRANT USAGE ON DATABASE auction TO auction_reader;
