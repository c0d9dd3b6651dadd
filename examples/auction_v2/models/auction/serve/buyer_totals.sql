CREATE VIEW buyer_totals AS
SELECT buyer, buyer_name, count(*) AS won, sum(amount) AS spent
FROM core.winning_bids
GROUP BY buyer, buyer_name;
CREATE INDEX buyer_totals_by_buyer IN CLUSTER serving ON buyer_totals (buyer);
GRANT SELECT ON buyer_totals TO auction_reader;
