-- A bid with what its bidder and its auction are called.
CREATE VIEW bids_valued AS
SELECT
  b.id AS bid_id,
  b.auction_id,
  b.buyer,
  u.name AS buyer_name,
  b.amount,
  b.bid_time
FROM public.bids AS b
JOIN public.users AS u ON u.id = b.buyer;
COMMENT ON VIEW bids_valued IS 'Every bid with the name of its bidder';
