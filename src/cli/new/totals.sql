-- What people ask for, kept up to date.
CREATE MATERIALIZED VIEW totals
  IN CLUSTER compute
AS
SELECT item, count(*) AS orders, sum(amount) AS amount
FROM core.orders
GROUP BY item;

CREATE INDEX totals_by_item IN CLUSTER compute ON totals (item);
COMMENT ON MATERIALIZED VIEW totals IS 'Orders and their amount by item';

EXECUTE UNIT TEST amounts_are_added FOR totals
  MOCK core.orders (id integer, item text, amount integer) AS (VALUES (1, 'apple', 3), (2, 'apple', 4)),
  EXPECTED (item text, orders bigint, amount bigint) AS (VALUES ('apple', 2, 7));
