//! What the user of a database could do beyond reading. A read-only transaction keeps kpid's own
//! queries from writing, and not what functions and superusers may do whatever the transaction.

use std::collections::BTreeSet;

use sqlx::{Connection, MySqlConnection, PgConnection, Row};

/// What of it is named, the rest is counted.
const NAMED_MAX: usize = 4;

/// What a user needs who reads, and what does no harm.
const READING: [&str; 8] = [
    "USAGE",
    "SELECT",
    "SHOW VIEW",
    "SHOW DATABASES",
    "PROCESS",
    "EXECUTE",
    "CREATE TEMPORARY TABLES",
    "LOCK TABLES",
];

const POSTGRES: &str = "
select
  (select rolsuper from pg_roles where rolname = current_user) as is_super,
  exists (
    select from pg_roles
    where rolname in ('pg_execute_server_program', 'pg_write_server_files', 'pg_write_all_data')
      and pg_has_role(current_user, oid, 'member')
  ) as is_mighty,
  exists (
    select from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'p') and nspname not in ('pg_catalog', 'information_schema')
      and nspname not like 'pg\\_toast%'
      and has_table_privilege(pg_class.oid, 'insert, update, delete, truncate')
  ) as can_write";

/// Of a user of PostgreSQL, in words; none if it can only read.
pub(crate) async fn of_postgres(session: &mut PgConnection) -> sqlx::Result<Option<String>> {
    let row = sqlx::query(POSTGRES).persistent(false).fetch_one(session).await?;
    let is = |column: &str| row.try_get::<Option<bool>, _>(column).map(Option::unwrap_or_default);
    let words = if is("is_super")? {
        Some("is a superuser, so a query can write, and run programs on the server")
    } else if is("is_mighty")? {
        Some("may write to any table, or files and programs of the server")
    } else if is("can_write")? {
        Some("may write to tables, which functions can do for it")
    } else {
        None
    };
    Ok(words.map(str::to_owned))
}

/// Of a user of MySQL or MariaDB, in words; none if it can only read.
pub(crate) async fn of_mysql(session: &mut MySqlConnection) -> sqlx::Result<Option<String>> {
    session.ping().await?;
    let rows = sqlx::query("show grants").persistent(false).fetch_all(session).await?;
    let grants = rows.iter().map(|row| row.try_get::<String, _>(0));
    let grants = grants.collect::<sqlx::Result<Vec<_>>>()?;
    let beyond: BTreeSet<String> = grants.iter().flat_map(|grant| beyond_reading(grant)).collect();
    if beyond.is_empty() {
        return Ok(None);
    }
    let named: Vec<&str> = beyond.iter().take(NAMED_MAX).map(String::as_str).collect();
    let more = match beyond.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Ok(Some(format!("has the privileges {}{more}", named.join(", "))))
}

/// The privileges of a line of `show grants` that are not for reading.
fn beyond_reading(grant: &str) -> Vec<String> {
    let (Some(rest), false) = (grant.strip_prefix("GRANT "), grant.starts_with("GRANT `")) else {
        return Vec::new();
    };
    let (privileges, target) = rest.split_once(" ON ").unwrap_or((rest, ""));
    // The columns that a privilege is for stand in parentheses.
    let parts = privileges.split(')').map(|part| part.split('(').next().unwrap_or(part));
    let outside: String = parts.collect();
    let named = outside.split(',').map(|name| name.trim().to_uppercase());
    let may_grant = target.ends_with(" WITH GRANT OPTION").then(|| "GRANT OPTION".to_owned());
    let named = named.filter(|name| !name.is_empty() && !READING.contains(&name.as_str()));
    named.chain(may_grant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privileges_beyond_reading_are_found_in_grants() {
        for (grant, beyond) in [
            ("GRANT USAGE ON *.* TO `kpid`@`%` IDENTIFIED BY PASSWORD '*A'", &[][..]),
            ("GRANT SELECT, SHOW VIEW ON `shop`.* TO `kpid`@`%`", &[]),
            ("GRANT SELECT (a, b), INSERT (c, d) ON `shop`.`t` TO `kpid`@`%`", &["INSERT"]),
            (
                "GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION",
                &["ALL PRIVILEGES", "GRANT OPTION"],
            ),
            ("GRANT SELECT, FILE, SHUTDOWN ON *.* TO `kpid`@`%`", &["FILE", "SHUTDOWN"]),
            ("GRANT `reader` TO `kpid`@`%`", &[]),
        ] {
            assert_eq!(beyond_reading(grant), beyond, "{grant}");
        }
    }
}
