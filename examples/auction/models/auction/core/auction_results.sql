CREATE MATERIALIZED VIEW auction_results
  IN CLUSTER compute
AS
SELECT
  a.auction_id,
  a.item,
  a.seller,
  a.seller_name,
  a.organization,
  a.end_time,
  w.buyer,
  w.buyer_name,
  w.amount
FROM base.auctions_described AS a
JOIN core.winning_bids AS w ON w.auction_id = a.auction_id;
COMMENT ON MATERIALIZED VIEW auction_results IS 'Each auction with its best bid';
