CREATE CLUSTER compute (SIZE = '25cc');
