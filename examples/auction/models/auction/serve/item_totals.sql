CREATE VIEW item_totals AS
SELECT item, count(*) AS auctions, sum(amount) AS total, max(amount) AS best
FROM core.auction_results
GROUP BY item;
CREATE INDEX item_totals_by_item IN CLUSTER serving ON item_totals (item);
COMMENT ON VIEW item_totals IS 'What each kind of item brings in';
GRANT SELECT ON item_totals TO auction_reader;
