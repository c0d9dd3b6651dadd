CREATE VIEW old_report AS
SELECT item, auctions FROM serve.item_totals;
COMMENT ON VIEW old_report IS 'Kept for one dashboard that is about to go';
GRANT SELECT ON old_report TO auction_reader;
