COMMENT ON SCHEMA auction.base IS 'Bids and auctions with names instead of numbers';
