//! What PostgreSQL has and the server has not: always empty, with the columns that clients name.

pub(super) const COLLATION: &str = "oid oid, collname text, collnamespace oid, collowner oid, collprovider char, collisdeterministic bool, \
     collencoding int4, collcollate text, collctype text, collversion text";
pub(super) const ENUM: &str = "oid oid, enumtypid oid, enumsortorder float4, enumlabel text";
pub(super) const EXTENSION: &str = "oid oid, extname text, extowner oid, extnamespace oid, extrelocatable bool, extversion text, extconfig _oid, \
     extcondition _text";
pub(super) const INHERITS: &str = "inhrelid oid, inhparent oid, inhseqno int4, inhdetachpending bool";
pub(super) const POLICY: &str = "oid oid, polname text, polrelid oid, polcmd char, polpermissive bool, polroles _oid, polqual text, \
     polwithcheck text";
pub(super) const CONSTRAINT: &str = "oid oid, conname text, connamespace oid, contype char, condeferrable bool, condeferred bool, \
     convalidated bool, conrelid oid, contypid oid, conindid oid, conparentid oid, confrelid oid, \
     confupdtype char, confdeltype char, confmatchtype char, conislocal bool, coninhcount int4, \
     connoinherit bool, conkey _int2, confkey _int2, conpfeqop _oid, conppeqop _oid, conffeqop _oid, \
     conexclop _oid, conbin text";
pub(super) const LOCKS: &str = "locktype text, database oid, relation oid, page int4, tuple int2, virtualxid text, transactionid text, \
     classid oid, objid oid, objsubid int2, virtualtransaction text, pid int4, mode text, granted bool, \
     fastpath bool, waitstart timestamptz";
pub(super) const EVENT_TRIGGER: &str =
    "oid oid, evtname text, evtevent text, evtowner oid, evtfoid oid, evtenabled char, evttags _text";
pub(super) const LANGUAGE: &str = "oid oid, lanname text, lanowner oid, lanispl bool, lanpltrusted bool, lanplcallfoid oid, laninline oid, \
     lanvalidator oid, lanacl _text";
pub(super) const TRIGGER: &str = "oid oid, tgrelid oid, tgparentid oid, tgname text, tgfoid oid, tgtype int2, tgenabled char, \
     tgisinternal bool, tgconstrrelid oid, tgconstrindid oid, tgconstraint oid, tgdeferrable bool, \
     tginitdeferred bool, tgnargs int2, tgattr int2vector, tgargs bytea, tgqual text, tgoldtable text, \
     tgnewtable text";
pub(super) const REWRITE: &str = "oid oid, rulename text, ev_class oid, ev_type char, ev_enabled char, is_instead bool, ev_qual text, \
     ev_action text";
