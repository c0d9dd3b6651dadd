-- Orders as they come; written out, so that the example needs no source.
CREATE VIEW orders AS
SELECT * FROM (VALUES (1, 'pear', 10), (2, 'apple', 20), (3, 'pear', 30)) AS o (id, item, amount);
COMMENT ON VIEW orders IS 'Every order with what it is worth';
