CREATE VIEW top_sellers AS
SELECT seller, seller_name, total
FROM serve.seller_totals
WHERE total > 100;
CREATE INDEX top_sellers_by_seller IN CLUSTER serving ON top_sellers (seller);
COMMENT ON VIEW top_sellers IS 'Sellers who brought in more than a hundred dollars';
GRANT SELECT ON top_sellers TO auction_reader;
