-- Before an act of the office the server asks what the rules would say: the log's writer reads under which keys facts are filed.

GRANT SELECT ON view_a.filings, view_b.filings TO liuhen_writer;
