CREATE VIEW seller_totals AS
SELECT seller, seller_name, organization, count(*) AS auctions, sum(amount) AS total
FROM core.auction_results
GROUP BY seller, seller_name, organization;
CREATE INDEX seller_totals_by_seller IN CLUSTER serving ON seller_totals (seller);
GRANT SELECT ON seller_totals TO auction_reader;
