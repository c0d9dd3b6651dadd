-- The highest bid of each auction; of equal bids the earlier one. Bids below ten dollars are
-- not taken seriously any more.
CREATE MATERIALIZED VIEW winning_bids
  IN CLUSTER compute
AS
SELECT DISTINCT ON (auction_id)
  auction_id,
  bid_id,
  buyer,
  buyer_name,
  amount,
  bid_time
FROM base.bids_valued
WHERE amount >= 10
ORDER BY auction_id, amount DESC, bid_id;
CREATE INDEX winning_bids_by_auction IN CLUSTER compute ON winning_bids (auction_id);
COMMENT ON MATERIALIZED VIEW winning_bids IS 'The best serious bid of each auction so far';
COMMENT ON COLUMN winning_bids.amount IS 'In whole dollars';
