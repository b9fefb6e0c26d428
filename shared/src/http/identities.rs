//! Fields that say who or what is meant: e-mail addresses, and ids that others gave.

use super::fields::Fields;
use crate::{domain::email, n8n::leftover::is_leftover};

impl Fields {
    /// An e-mail address in its normal form.
    pub fn email(&mut self, name: &str) -> Option<String> {
        let normal = email::normal(&self.text(name, 254)?);
        if normal.is_none() {
            self.refuse(name, "must be an e-mail address such as jane@example.com");
        }
        normal
    }

    /// An id that somebody else gave, such as n8n's of a workflow. What an expression leaves behind that found nothing, or was
    /// not evaluated, counts as left out.
    pub fn foreign_id(&mut self, name: &str, max: usize) -> Option<String> {
        self.text(name, max).filter(|id| !is_leftover(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::input::{Foreign, Member};

    fn fields(value: &str) -> Fields {
        [("id".to_owned(), value.to_owned())].into_iter().collect()
    }

    #[test]
    fn an_id_is_no_leftover_of_an_expression() {
        for id in
            ["undefined", " null ", "NULL", "NaN", "[object Object]", "={{$workflow.id}}", "{{ $json.id }}"]
        {
            let mut fields = fields(id);
            assert_eq!(fields.foreign_id("id", 100), None, "{id}");
            assert!(!fields.is_refused("id"));
            assert_eq!(<Foreign<100> as Member>::read(&mut fields, "id"), None);
            assert!(fields.finish().unwrap_err().by_field()["id"][0].contains("expression"), "{id}");
        }
        for id in ["nullable", "undefined-1", "0", "nan2"] {
            assert_eq!(fields(id).foreign_id("id", 100).as_deref(), Some(id));
        }
        let mut blank = fields(" ");
        <Foreign<100> as Member>::read(&mut blank, "id");
        assert_eq!(blank.finish().unwrap_err().by_field()["id"], ["is required"]);
    }

    #[test]
    fn an_address_is_read_in_its_normal_form() {
        assert_eq!(fields("Jane <JANE@example.com>").email("id").as_deref(), Some("jane@example.com"));
        let mut wrong = fields("jane@@example.com");
        assert_eq!(wrong.email("id"), None);
        assert!(wrong.finish().is_err());
        assert_eq!(fields(" ").email("id"), None);
    }
}
