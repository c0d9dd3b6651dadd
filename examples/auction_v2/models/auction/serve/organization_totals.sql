CREATE VIEW organization_totals AS
SELECT organization, sum(auctions) AS auctions, sum(total) AS total
FROM serve.seller_totals
GROUP BY organization;
CREATE DEFAULT INDEX IN CLUSTER serving ON organization_totals;
GRANT SELECT ON organization_totals TO auction_reader;
