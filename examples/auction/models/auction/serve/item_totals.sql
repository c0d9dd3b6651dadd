CREATE VIEW item_totals AS
SELECT item, count(*) AS auctions, sum(amount) AS total, max(amount) AS best
FROM core.auction_results
GROUP BY item;
CREATE INDEX item_totals_by_item IN CLUSTER serving ON item_totals (item);
COMMENT ON VIEW item_totals IS 'What each kind of item brings in';
GRANT SELECT ON item_totals TO auction_reader;

EXECUTE UNIT TEST adds_up_by_item FOR item_totals
  MOCK core.auction_results (
    auction_id bigint, item text, seller bigint, seller_name text, organization text,
    end_time timestamp with time zone, buyer bigint, buyer_name text, amount integer
  ) AS (VALUES
    (1, 'City Bar Crawl', 10, 'Cy', 'Acme', '2026-01-01 12:00:00+00', 30, 'Ann', 40),
    (2, 'City Bar Crawl', 11, 'Di', 'Acme', '2026-01-01 12:00:00+00', 31, 'Bo', 60),
    (3, 'Signed Memorabilia', 10, 'Cy', 'Acme', '2026-01-01 12:00:00+00', 30, 'Ann', 90)
  ),
  EXPECTED (item text, auctions bigint, total bigint, best integer) AS (VALUES
    ('City Bar Crawl', 2, 100, 60),
    ('Signed Memorabilia', 1, 90, 90)
  );
