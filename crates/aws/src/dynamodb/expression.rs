//! Expressions. Names and values go only into placeholders: no text of a caller is ever part of an expression.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    PortResult,
    ports::{Condition, Schema, Update, Value, Write},
};

use super::row::value_of;

/// What a write needs besides its row.
#[derive(Clone, Debug, Default)]
pub(super) struct Expression {
    /// What must hold.
    pub(super) condition: Option<String>,
    /// What changes.
    pub(super) update: Option<String>,
    /// The names behind `#…`.
    pub(super) names: Option<HashMap<String, String>>,
    /// The values behind `:…`.
    pub(super) values: Option<HashMap<String, AttributeValue>>,
}

impl Expression {
    /// The expressions of `write`.
    pub(super) fn of(write: &Write, operation: &'static str) -> PortResult<Self> {
        let mut expression = Self::default();
        let (table, condition) = match write {
            Write::Put { table, condition, .. } | Write::Delete { table, condition, .. } => (table, condition.as_ref()),
            Write::Update { table, update, condition, .. } => {
                expression.update = expression.updating(update, operation)?;
                (table, condition.as_ref())
            }
            Write::Check { table, condition, .. } => (table, Some(condition)),
        };
        if let Some(condition) = condition {
            expression.condition = Some(expression.holding(condition, table.schema(), operation)?);
        }
        Ok(expression)
    }

    /// The placeholder of a name.
    pub(super) fn name(&mut self, name: &str) -> String {
        let names = self.names.get_or_insert_default();
        if let Some((placeholder, _)) = names.iter().find(|(_, known)| *known == name) {
            return placeholder.clone();
        }
        let placeholder = format!("#n{}", names.len());
        names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    /// The placeholder of a text.
    pub(super) fn text(&mut self, text: &str) -> String {
        self.value(AttributeValue::S(text.to_owned()))
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let values = self.values.get_or_insert_default();
        let placeholder = format!(":v{}", values.len());
        values.insert(placeholder.clone(), value);
        placeholder
    }

    fn updating(&mut self, update: &Update, operation: &'static str) -> PortResult<Option<String>> {
        let mut set = Vec::new();
        for (name, value) in &update.set {
            set.push(format!("{} = {}", self.name(name), self.value(value_of(value, operation)?)));
        }
        let mut add = Vec::new();
        for (name, amount) in &update.add {
            add.push(format!("{} {}", self.name(name), self.value(AttributeValue::N(amount.to_string()))));
        }
        let remove: Vec<String> = update.remove.iter().map(|name| self.name(name)).collect();
        let clause = |word: &str, parts: &[String]| (!parts.is_empty()).then(|| format!("{word} {}", parts.join(", ")));
        let clauses: Vec<String> = [clause("SET", &set), clause("ADD", &add), clause("REMOVE", &remove)].into_iter().flatten().collect();
        Ok((!clauses.is_empty()).then(|| clauses.join(" ")))
    }

    fn holding(&mut self, condition: &Condition, schema: Schema, operation: &'static str) -> PortResult<String> {
        Ok(match condition {
            // Every row has its partition attribute.
            Condition::Exists => format!("attribute_exists({})", self.name(schema.partition)),
            Condition::Absent => format!("attribute_not_exists({})", self.name(schema.partition)),
            Condition::Equals(name, value) => self.comparing(name, "=", value, operation)?,
            Condition::Less(name, value) => self.comparing(name, "<", value, operation)?,
            Condition::Greater(name, value) => self.comparing(name, ">", value, operation)?,
            Condition::Has(name) => format!("attribute_exists({})", self.name(name)),
            Condition::Lacks(name) => format!("attribute_not_exists({})", self.name(name)),
            Condition::All(parts) => self.joined(parts, (" AND ", " OR "), schema, operation)?,
            Condition::Any(parts) => self.joined(parts, (" OR ", " AND "), schema, operation)?,
        })
    }

    fn comparing(&mut self, name: &str, operator: &str, value: &Value, operation: &'static str) -> PortResult<String> {
        Ok(format!("{} {operator} {}", self.name(name), self.value(value_of(value, operation)?)))
    }

    /// Parts in brackets. Of no parts, all hold and none of any does: said by a row that is there, or (and) is not.
    fn joined(
        &mut self,
        parts: &[Condition],
        (word, of_none): (&str, &str),
        schema: Schema,
        operation: &'static str,
    ) -> PortResult<String> {
        let (parts, word) = if parts.is_empty() { (&[Condition::Exists, Condition::Absent][..], of_none) } else { (parts, word) };
        let parts = parts.iter().map(|part| self.holding(part, schema, operation)).collect::<PortResult<Vec<_>>>()?;
        Ok(format!("({})", parts.join(word)))
    }
}

#[cfg(test)]
mod tests {
    use domain::ports::{Key, Table};
    use serde_json::json;

    use super::*;

    #[test]
    fn callers_texts_stand_only_behind_placeholders() {
        let evil = "x = :v OR #p";
        let write = Write::Update {
            table: Table::Settings,
            key: Key::new("k", "s"),
            update: Update {
                set: [(evil.to_owned(), json!(evil))].into(),
                add: [("count".to_owned(), -3)].into(),
                remove: vec!["gone".to_owned()],
            },
            condition: Some(Condition::All(vec![
                Condition::Any(vec![Condition::Absent, Condition::Equals(evil.to_owned(), json!(1))]),
                Condition::Any(vec![]),
            ])),
        };
        let expression = Expression::of(&write, "tables.write").expect("an expression");
        assert_eq!(expression.update.as_deref(), Some("SET #n0 = :v0 ADD #n1 :v1 REMOVE #n2"));
        assert_eq!(
            expression.condition.as_deref(),
            Some("((attribute_not_exists(#n3) OR #n0 = :v2) AND (attribute_exists(#n3) AND attribute_not_exists(#n3)))")
        );
        assert_eq!(expression.names.expect("names")["#n0"], evil);
        assert_eq!(expression.values.expect("values")[":v1"], AttributeValue::N("-3".to_owned()));
    }
}
