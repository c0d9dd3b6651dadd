CREATE MATERIALIZED VIEW bid_counts
  IN CLUSTER compute
AS
SELECT auction_id, count(*) AS bids, max(amount) AS highest, min(amount) AS lowest
FROM base.bids_valued
GROUP BY auction_id;
