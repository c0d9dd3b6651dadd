CREATE MATERIALIZED VIEW totals IN CLUSTER compute AS
SELECT item, count(*) AS orders, sum(amount) AS total FROM core.orders GROUP BY item;
COMMENT ON MATERIALIZED VIEW totals IS 'What each item brings in';
GRANT SELECT ON totals TO shop_reader;

EXECUTE UNIT TEST adds_up FOR totals
  MOCK core.orders (id int, item text, amount int) AS (VALUES (1, 'fig', 1), (2, 'fig', 2)),
  EXPECTED (item text, orders bigint, total bigint) AS (VALUES ('fig', 2, 3));
