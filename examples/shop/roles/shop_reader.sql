-- Applications that read the totals are members of this role.
CREATE ROLE shop_reader;
