CREATE VIEW auctions_described AS
SELECT
  a.id AS auction_id,
  a.item,
  a.seller,
  u.name AS seller_name,
  o.name AS organization,
  a.end_time
FROM public.auctions AS a
JOIN public.users AS u ON u.id = a.seller
JOIN public.organizations AS o ON o.id = u.org_id;
COMMENT ON VIEW auctions_described IS 'Every auction with its seller and the seller''s organization';
COMMENT ON COLUMN auctions_described.end_time IS 'When the hammer falls';
