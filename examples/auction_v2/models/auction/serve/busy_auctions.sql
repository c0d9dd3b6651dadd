CREATE VIEW busy_auctions AS
SELECT c.auction_id, a.item, c.bids, c.highest
FROM core.bid_counts AS c
JOIN base.auctions_described AS a ON a.auction_id = c.auction_id
WHERE c.bids > 3;
CREATE INDEX busy_auctions_by_item IN CLUSTER serving ON busy_auctions (item);
COMMENT ON VIEW busy_auctions IS 'Auctions with more than three bids';
GRANT SELECT ON busy_auctions TO auction_reader;
