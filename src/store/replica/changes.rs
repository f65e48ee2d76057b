//! What a transaction has changed, as rows, and the same rows put into another database.
//!
//! Triggers of the connection's own note which rows a transaction touched; before it is committed, these are read as they
//! are now. SQLite's session extension would do so, too, but its binding has to be generated while the bot is built, by a
//! libclang that everybody who builds it would need; and it leaves rowids, which are the order of some tables, to chance.

use rusqlite::{Connection, config::DbConfig, params, params_from_iter, types::Value};
use serde::{Deserialize, Serialize};

use super::PLACE;

/// Rows of tables, as they are after a transaction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct Changes(Vec<Table>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Table {
    name: String,
    /// By their rowids.
    rows: Vec<(i64, Row)>,
}

/// Its values in the order of the columns; `None`: it is not there any more.
type Row = Option<Vec<Cell>>;

/// The tables are strict, and have nothing but these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Cell {
    Null,
    Integer(i64),
    Text(String),
}

const NOTES: &str = "CREATE TEMP TABLE IF NOT EXISTS noted (name TEXT NOT NULL, row INTEGER NOT NULL)";
const TABLES: &str =
    r"SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'";
const NOTED: &str = "SELECT DISTINCT name, row FROM temp.noted ORDER BY name, row";
const FORGET: &str = "DELETE FROM temp.noted";

/// From here on, the connection notes what its transactions change. To be done again when there are new tables.
pub(in crate::store) fn watch(connection: &Connection) -> rusqlite::Result<()> {
    // Without it, a row that another one replaces would go unnoticed.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true)?;
    connection.pragma_update(None, "recursive_triggers", true)?;
    connection.execute_batch(NOTES)?;
    for name in tables(connection)? {
        let note = |row: &str| format!("INSERT INTO noted (name, row) VALUES ('{name}', {row}.rowid);");
        let (old, new) = (note("old"), note("new"));
        connection.execute_batch(&format!(
            "CREATE TEMP TRIGGER IF NOT EXISTS \"note_i_{name}\" AFTER INSERT ON main.\"{name}\" BEGIN {new} END;
             CREATE TEMP TRIGGER IF NOT EXISTS \"note_u_{name}\" AFTER UPDATE ON main.\"{name}\" BEGIN {old} {new} END;
             CREATE TEMP TRIGGER IF NOT EXISTS \"note_d_{name}\" AFTER DELETE ON main.\"{name}\" BEGIN {old} END;"
        ))?;
    }
    Ok(())
}

/// What the transaction has changed so far, but for the place in the log, which is each database's own.
pub(in crate::store) fn collect(connection: &Connection) -> rusqlite::Result<Changes> {
    let noted = connection
        .prepare_cached(NOTED)?
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut changes = Changes::default();
    for (name, id) in noted {
        let Some(row) = read(connection, &name, id)? else { continue };
        match changes.0.last_mut() {
            Some(table) if table.name == name => table.rows.push((id, row)),
            _ => changes.0.push(Table { name, rows: vec![(id, row)] }),
        }
    }
    Ok(changes)
}

/// To be done before a transaction ends: its notes are read, and the next one's are its own.
pub(in crate::store) fn forget(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached(FORGET)?.execute([]).map(drop)
}

/// `None` where it is nobody else's business.
fn read(connection: &Connection, name: &str, id: i64) -> rusqlite::Result<Option<Row>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT * FROM main.\"{name}\" WHERE rowid = ?1"))?;
    let columns = statement.column_count();
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(Some(None)) };
    if name == "meta" && row.get_ref(0)?.as_str().is_ok_and(|key| key == PLACE) {
        return Ok(None);
    }
    let cells = (0..columns).map(|column| {
        Ok(match row.get(column)? {
            Value::Null => Cell::Null,
            Value::Integer(number) => Cell::Integer(number),
            Value::Text(text) => Cell::Text(text),
            other => {
                return Err(rusqlite::Error::InvalidColumnType(column, name.to_owned(), other.data_type()));
            }
        })
    });
    cells.collect::<rusqlite::Result<_>>().map(Some).map(Some)
}

/// Prepares a connection that only puts changes in: the leader's triggers have run already.
pub(in crate::store) fn follow(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).map(drop)
}

impl Changes {
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts them into a database with the same tables, which is as the other one was before.
    pub(in crate::store) fn apply(&self, connection: &Connection) -> rusqlite::Result<()> {
        let known = tables(connection)?;
        for table in &self.0 {
            // It becomes a part of SQL.
            if !known.contains(&table.name) {
                return Err(rusqlite::Error::InvalidParameterName(table.name.clone()));
            }
            let sql = format!("DELETE FROM main.\"{}\" WHERE rowid = ?1", table.name);
            let mut delete = connection.prepare_cached(&sql)?;
            for (id, _) in &table.rows {
                delete.execute([id])?;
            }
        }
        // Only when all old ones are gone: a row may have got what another one had.
        for table in &self.0 {
            table.insert(connection)?;
        }
        Ok(())
    }
}

impl Table {
    fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        let (columns, has_own_rowid) = columns(connection, &self.name)?;
        let ids = if has_own_rowid { "" } else { "rowid, " };
        let names = columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
        let places = vec!["?"; columns.len() + usize::from(!has_own_rowid)].join(", ");
        let sql = format!("INSERT INTO main.\"{}\" ({ids}{names}) VALUES ({places})", self.name);
        let mut insert = connection.prepare_cached(&sql)?;
        for (id, row) in &self.rows {
            let Some(cells) = row else { continue };
            let id = (!has_own_rowid).then_some(Value::Integer(*id));
            insert.execute(params_from_iter(id.into_iter().chain(cells.iter().map(Cell::value))))?;
        }
        Ok(())
    }
}

impl Cell {
    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Integer(*number),
            Self::Text(text) => Value::Text(text.clone()),
        }
    }
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.prepare_cached(TABLES)?.query_map([], |row| row.get(0))?.collect()
}

/// A table's columns, and whether its rowid is one of them.
fn columns(connection: &Connection, table: &str) -> rusqlite::Result<(Vec<String>, bool)> {
    let mut statement = connection.prepare_cached("SELECT name, type, pk FROM pragma_table_info(?1)")?;
    let rows = statement.query_map(params![table], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)? > 0))
    })?;
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let key: Vec<_> = rows.iter().filter(|(_, _, is_key)| *is_key).collect();
    let has_own_rowid = matches!(key[..], [(_, kind, _)] if kind.eq_ignore_ascii_case("INTEGER"));
    Ok((rows.into_iter().map(|(name, ..)| name).collect(), has_own_rowid))
}
