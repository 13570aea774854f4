-- The costs of aggregates that keep their rows keep workers from tables as small as those of the tests.  Here combining
-- costs nothing and rows cost more, and plans with workers are tried all the same.
DO $$
DECLARE f record;
BEGIN
    FOR f IN SELECT p.oid::regprocedure AS name, p.proname LIKE '%\_combine\_rows' AS combines FROM pg_proc p
             WHERE p.oid IN (SELECT unnest(ARRAY[aggtransfn, aggcombinefn]::oid[]) FROM pg_aggregate
                             WHERE aggcombinefn::text LIKE '%\_combine\_rows')
    LOOP
        EXECUTE format('ALTER FUNCTION %s COST %s', f.name, CASE WHEN f.combines THEN 1 ELSE 1000 END);
    END LOOP;
END $$;
