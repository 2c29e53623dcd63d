//! Templates: mails with places to fill in. `{{name}}` stands for the variable of that name, and nothing else is special.
//!
//! Texts come from tenants, so a language with loops and filters would be one more thing to limit; mails need none.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use micro::store::Table;
use micro::store::model::{Entity, Model, Query};
use micro::{Clock, Platform, Result, Tenant, serde, web};
use serde::{Deserialize, Serialize};

/// A template as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "micro::serde")]
pub struct Template {
    pub name: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds.
    pub updated: i64,
}

/// What a template becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// What is wrong with a template, or missing for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// `{{` without `}}`, or something between them that is no name; the text from there on.
    Syntax(String),
    /// There is no variable of this name.
    Missing(String),
}

impl Template {
    /// Refuses what could not be rendered.
    ///
    /// # Errors
    ///
    /// Where a place is not written as one.
    pub fn check(&self) -> Result<(), Mistake> {
        for text in [&self.subject, &self.text, &self.html] {
            fill(text, |_| Some(String::new()))?;
        }
        Ok(())
    }

    /// Fills in the variables; in HTML they are text and no markup.
    ///
    /// # Errors
    ///
    /// Where a variable is missing.
    pub fn render(&self, variables: &BTreeMap<String, String>) -> Result<Rendered, Mistake> {
        let plain = |name: &str| variables.get(name).cloned();
        let escaped = |name: &str| variables.get(name).map(|value| web::escaped(value));
        Ok(Rendered {
            subject: fill(&self.subject, plain)?,
            text: fill(&self.text, plain)?,
            html: fill(&self.html, escaped)?,
        })
    }
}

impl Entity for Template {
    const NAME: &'static str = "template";

    fn id(&self) -> &str {
        &self.name
    }
}

/// The templates of all tenants.
#[derive(Clone)]
pub struct Templates {
    table: Table,
    clock: Clock,
}

impl Templates {
    /// In the service's table.
    pub fn new(platform: &Platform) -> Self {
        Self {
            table: platform.table("email"),
            clock: platform.clock.clone(),
        }
    }

    /// Keeps a template, in the place of one of that name, whose time of creation it takes over.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn save(&self, tenant: &Tenant, template: Template) -> Result<Template> {
        let now = self.clock.unix();
        let before = self.read(tenant, &template.name).await?;
        let template = Template {
            created: before.map_or(now, |before| before.created),
            updated: now,
            ..template
        };
        self.of(tenant).put(&template).await?;
        Ok(template)
    }

    /// A template.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn read(&self, tenant: &Tenant, name: &str) -> Result<Option<Template>> {
        Ok(self.of(tenant).read(name).await?)
    }

    /// Templates in the order of their names.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn list(&self, tenant: &Tenant, limit: usize, offset: usize) -> Result<Vec<Template>> {
        let query = Query::all().limit(limit).offset(offset);
        Ok(self.of(tenant).list(&query).await?.items)
    }

    /// Removes a template, and says whether there was one.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn delete(&self, tenant: &Tenant, name: &str) -> Result<bool> {
        Ok(self.of(tenant).delete(name).await?)
    }

    fn of(&self, tenant: &Tenant) -> Model<Template> {
        Model::new(self.table.of(tenant))
    }
}

/// A text with its places filled in. What is filled in is not looked at again.
fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, Mistake> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, place)) = rest.split_once("{{") {
        let wrong = || Mistake::Syntax(format!("{{{{{}", place.chars().take(20).collect::<String>()));
        let (name, after) = place.split_once("}}").ok_or_else(wrong)?;
        let name = name.trim();
        if !is_name(name) {
            return Err(wrong());
        }
        filled.push_str(before);
        filled.push_str(&value(name).ok_or_else(|| Mistake::Missing(name.to_owned()))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn is_name(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    !text.is_empty() && text.chars().all(fits)
}
