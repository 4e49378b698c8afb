"""Let PostgreSQL itself refuse to rewrite the journal and the signed entries."""

from django.db import migrations

# Whole rows of old journals may be trimmed; a row that stays is never changed.
FORBID = """
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER journal_append_only BEFORE UPDATE ON ledger_botevent
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE ON ledger_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
"""
ALLOW = """
DROP TRIGGER journal_append_only ON ledger_botevent;
DROP TRIGGER entries_append_only ON ledger_ledgerentry;
DROP FUNCTION ledger_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_fewer_indexes")]

    operations = [migrations.RunSQL(FORBID, ALLOW)]
