CREATE VIEW price_spread AS
SELECT auction_id, highest - lowest AS spread, bids
FROM core.bid_counts;
CREATE INDEX price_spread_by_auction IN CLUSTER serving ON price_spread (auction_id);
GRANT SELECT ON price_spread TO auction_reader;
