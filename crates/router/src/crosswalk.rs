//! Reading a crosswalk file.
//!
//! A CSV file with the columns `subject,kind,parent,system,identifier,value`: one line for each
//! identifier. Lines with the same `subject`, which is a name of the file's own, are one subject. `kind`
//! is `customer` or `account`; `parent` is the `subject` of an account's customer.

use std::collections::HashMap;
use std::io::Read;

use serde::Deserialize;
use status_domain::ids::{Identifier, IdentifierKind, System};
use status_domain::subject::SubjectKind;

use crate::writer::op::LinkRow;

/// The system under which the file's own names are kept, so that the same file read again is seen to
/// speak of the same subjects.
pub const SYSTEM: System = System::new("crosswalk");

const NAME: IdentifierKind = IdentifierKind::new("name");

/// The file cannot be read as a crosswalk.
#[derive(Debug, thiserror::Error)]
pub enum CrosswalkError {
    /// A line is not as it should be.
    #[error("line {line}: {problem}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong; never the value.
        problem: &'static str,
    },
    /// The file is not CSV with the six columns.
    #[error("not a CSV file with the columns subject,kind,parent,system,identifier,value")]
    Csv(#[source] csv::Error),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    subject: String,
    kind: String,
    parent: String,
    system: String,
    identifier: String,
    value: String,
}

/// Reads a file: one row for each subject, in order of first mention, customers before accounts.
///
/// # Errors
///
/// [`CrosswalkError`] with the first line that is wrong.
pub fn read(input: impl Read) -> Result<Vec<LinkRow>, CrosswalkError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
    let mut rows: Vec<LinkRow> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for (index, line) in reader.deserialize::<Line>().enumerate() {
        // The header is line 1.
        let number = index as u64 + 2;
        let line = line.map_err(CrosswalkError::Csv)?;
        let wrong = |problem| CrosswalkError::Line { line: number, problem };
        let (kind, parent) = (kind(&line).map_err(wrong)?, parent(&line).map_err(wrong)?);
        let identifier = identifier(&line).map_err(wrong)?;
        let position = match by_name.get(&line.subject) {
            Some(position) => *position,
            None => {
                let name = name(&line.subject).map_err(wrong)?;
                rows.push(LinkRow { name, kind, parent: parent.clone(), identifiers: Vec::new() });
                by_name.insert(line.subject, rows.len() - 1);
                rows.len() - 1
            }
        };
        if let Some(row) = rows.get_mut(position) {
            if row.kind != kind || row.parent != parent {
                return Err(wrong("another kind or parent than on an earlier line"));
            }
            row.identifiers.push(identifier);
        }
    }
    rows.sort_by_key(|row| row.parent.is_some());
    Ok(rows)
}

fn name(text: &str) -> Result<Identifier, &'static str> {
    let value = text.parse().map_err(|_| "the subject's name is not 1-128 characters")?;
    Ok(Identifier { system: SYSTEM, kind: NAME, value })
}

fn kind(line: &Line) -> Result<SubjectKind, &'static str> {
    match line.kind.as_str() {
        "customer" => Ok(SubjectKind::Customer),
        "account" => Ok(SubjectKind::Account),
        _ => Err("the kind is neither customer nor account"),
    }
}

fn parent(line: &Line) -> Result<Option<Identifier>, &'static str> {
    if line.parent.is_empty() {
        return Ok(None);
    }
    if line.kind == "customer" {
        return Err("a customer has no parent");
    }
    name(&line.parent).map(Some)
}

fn identifier(line: &Line) -> Result<Identifier, &'static str> {
    Ok(Identifier {
        system: line.system.parse().map_err(|_| "the system is not a name")?,
        kind: line.identifier.parse().map_err(|_| "the kind of identifier is not a name")?,
        value: line.value.parse().map_err(|_| "the value is not 1-128 characters")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "subject,kind,parent,system,identifier,value\n";

    fn parse(lines: &str) -> Result<Vec<LinkRow>, String> {
        read(format!("{HEADER}{lines}").as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn lines_of_one_subject_become_one_row_and_customers_come_first() {
        let rows = parse(
            "card,account,ann,way4,contract_number,0003\nann,customer,,netxd,customer_id,1\n\
             ann,customer,,n4n,customer_id,191\n",
        )
        .unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].kind, SubjectKind::Customer);
        assert_eq!(rows[0].identifiers.len(), 2);
        assert_eq!(rows[1].parent.as_ref(), Some(&rows[0].name));
    }

    #[test]
    fn a_wrong_line_is_named_without_its_value() {
        let error =
            parse("ann,customer,,netxd,customer_id,1\nbob,person,,netxd,customer_id,4111\n");
        assert_eq!(error.unwrap_err(), "line 3: the kind is neither customer nor account");
    }

    #[test]
    fn a_customer_has_no_parent() {
        let error = parse("ann,customer,bob,netxd,customer_id,1\n").unwrap_err();
        assert_eq!(error, "line 2: a customer has no parent");
    }
}
