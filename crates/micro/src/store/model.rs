//! Typed records with indexes, over any store.
//!
//! An [`Entity`] names its id and what else it is found by; a [`Model`] keeps it in a table, as JSON, with one record more for each
//! index. A change of an entity and of its indexes is one commit under the condition that the entity has not changed meanwhile, so no reader and no
//! crash ever sees one without the other, and two callers never hold the same unique value.
//!
//! ```
//! # use std::sync::Arc;
//! # use micro::store::{Memory, Scope, Table};
//! use micro::store::model::{Entity, Index, Model, Query};
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Account {
//!     id: String,
//!     email: String,
//!     created: i64,
//! }
//!
//! impl Entity for Account {
//!     const NAME: &'static str = "account";
//!     fn id(&self) -> &str {
//!         &self.id
//!     }
//!     fn indexes(&self) -> Vec<Index> {
//!         vec![Index::unique("email", &self.email), Index::ordered("created", self.created)]
//!     }
//! }
//!
//! # async fn f() -> micro::store::Result<()> {
//! # let table = Table::new(Arc::new(Memory::new()), Scope::new("micro", "user"));
//! let accounts = Model::<Account>::new(table); // in a service: platform.table("user")
//! accounts.create(&Account { id: "1".into(), email: "a@b.c".into(), created: 7 }).await?;
//! assert_eq!(accounts.find("email", "a@b.c").await?.unwrap().id, "1");
//! let newest = accounts.list(&Query::by("created").descending().limit(25)).await?;
//! assert_eq!(newest.items.len(), 1);
//! # Ok(()) }
//! ```

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod index;
mod query;
mod rows;
#[cfg(test)]
mod tests;

use std::marker::PhantomData;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use index::{Index, Value};
pub use query::{Page, Query};

use super::{Change, Error, Result, Table};
use crate::events::Posting;
use rows::{Row, Rows};

/// How often a change is tried where others change the same entity at the same time.
const TRIES: usize = 32;

/// What a [`Model`] keeps.
pub trait Entity: Serialize + DeserializeOwned + Send + Sync {
    /// The word that its keys begin with, different from those of other entities of the table: lower-case letters and digits.
    const NAME: &'static str;

    /// What it is read by, unique within the table's entities of this kind, not empty.
    fn id(&self) -> &str;

    /// What else it is found by; none unless said.
    fn indexes(&self) -> Vec<Index> {
        Vec::new()
    }

    /// When it and its indexes go away by themselves; never unless said.
    fn expires_at(&self) -> Option<SystemTime> {
        None
    }
}

/// The entities of one kind in a table. Cheap to clone.
pub struct Model<T> {
    rows: Rows,
    entity: PhantomData<fn() -> T>,
}

impl<T> Clone for Model<T> {
    fn clone(&self) -> Self {
        Self {
            rows: self.rows.clone(),
            entity: PhantomData,
        }
    }
}

impl<T: Entity> Model<T> {
    /// In this table, beside whatever else is there.
    pub fn new(table: Table) -> Self {
        Self {
            rows: Rows::new(table, T::NAME),
            entity: PhantomData,
        }
    }

    /// Keeps a new entity.
    ///
    /// # Errors
    ///
    /// [`Exists`](super::ErrorKind::Exists) where its id or one of its unique values is taken; the text says which.
    pub async fn create(&self, entity: &T) -> Result<()> {
        self.rows.create(row(entity)?).await
    }

    /// As [`Model::create`], and posts an event with it: it is published if, and only if, the entity is kept.
    ///
    /// # Errors
    ///
    /// As for [`Model::create`]; then nothing is published.
    pub async fn create_and_post(&self, entity: &T, posting: Posting) -> Result<()> {
        let beside = [posting.into_change()];
        self.rows.create_beside(row(entity)?, &beside).await
    }

    /// Keeps an entity, whether or not there was one of its id.
    ///
    /// # Errors
    ///
    /// [`Exists`](super::ErrorKind::Exists) where another has one of its unique values.
    pub async fn put(&self, entity: &T) -> Result<()> {
        let new = row(entity)?;
        for _ in 0..TRIES {
            let there = self.rows.read(&new.id).await?;
            if self.rows.replace(there.as_ref(), new.clone()).await? {
                return Ok(());
            }
        }
        Err(contended(T::NAME, &new.id))
    }

    /// The entity of an id.
    pub async fn read(&self, id: &str) -> Result<Option<T>> {
        let found = self.rows.read(id).await?;
        found.map(|found| entity(&found.row)).transpose()
    }

    /// The entity with this value of a unique index.
    pub async fn find(&self, index: &str, value: impl Into<Value>) -> Result<Option<T>> {
        let found = self.rows.find(index, &value.into()).await?;
        found.map(|found| entity(&found.row)).transpose()
    }

    /// Changes the entity of an id and answers what it has become. `change` may run several times, each time on what is there.
    ///
    /// # Errors
    ///
    /// [`NotFound`](super::ErrorKind::NotFound), [`Exists`](super::ErrorKind::Exists) as for [`Model::put`], and what `change`
    /// answers, which then changes nothing.
    pub async fn update(&self, id: &str, mut change: impl FnMut(&mut T) -> Result<()> + Send) -> Result<T> {
        self.update_beside(id, |entity| change(entity).map(|()| Vec::new()))
            .await
    }

    /// As [`Model::update`], and posts an event that tells of it: it is published if, and only if, the entity is changed.
    pub async fn update_and_post(
        &self,
        id: &str,
        mut change: impl FnMut(&mut T) -> Result<Posting> + Send,
    ) -> Result<T> {
        self.update_beside(id, |entity| {
            change(entity).map(|posting| vec![posting.into_change()])
        })
        .await
    }

    async fn update_beside(
        &self,
        id: &str,
        mut change: impl FnMut(&mut T) -> Result<Vec<Change>> + Send,
    ) -> Result<T> {
        for _ in 0..TRIES {
            let there = self.rows.read(id).await?.ok_or_else(Error::not_found)?;
            let mut changed: T = entity(&there.row)?;
            let beside = change(&mut changed)?;
            let new = row(&changed)?;
            if new.id != id {
                let detail = format!("an update may not change the id, from {id:?} to {:?}", new.id);
                return Err(Error::invalid(detail));
            }
            if self.rows.replace_beside(Some(&there), new, &beside).await? {
                return Ok(changed);
            }
        }
        Err(contended(T::NAME, id))
    }

    /// Removes the entity of an id, and says whether there was one.
    pub async fn delete(&self, id: &str) -> Result<bool> {
        for _ in 0..TRIES {
            let Some(there) = self.rows.read(id).await? else {
                return Ok(false);
            };
            if self.rows.remove(&there).await? {
                return Ok(true);
            }
        }
        Err(contended(T::NAME, id))
    }

    /// As [`Model::delete`], and posts an event that tells of it: it is published if, and only if, the entity is removed.
    pub async fn delete_and_post(
        &self,
        id: &str,
        mut about: impl FnMut(&T) -> Posting + Send,
    ) -> Result<bool> {
        for _ in 0..TRIES {
            let Some(there) = self.rows.read(id).await? else {
                return Ok(false);
            };
            let posting = about(&entity(&there.row)?);
            if self.rows.remove_beside(&there, &[posting.into_change()]).await? {
                return Ok(true);
            }
        }
        Err(contended(T::NAME, id))
    }

    /// Entities in the order of their ids or of an index, page by page.
    pub async fn list(&self, query: &Query) -> Result<Page<T>> {
        let (rows, next) = self.rows.list(query).await?;
        let items = rows
            .iter()
            .map(|found| entity(&found.row))
            .collect::<Result<_>>()?;
        Ok(Page { items, next })
    }

    /// Writes the indexes of all entities anew: for entities that were kept before an index was added. Safe while others
    /// work with the model. Answers how many had changed.
    ///
    /// # Errors
    ///
    /// [`Exists`](super::ErrorKind::Exists) where two have the same value of an index that is unique now.
    pub async fn reindex(&self) -> Result<usize> {
        let mut query = Query::all();
        let mut changed = 0;
        loop {
            let (rows, next) = self.rows.list(&query).await?;
            for mut there in rows {
                let mut tries = 0;
                while !self
                    .rows
                    .replace(Some(&there), row(&entity::<T>(&there.row)?)?)
                    .await?
                {
                    tries += 1;
                    let id = there.row.id.clone();
                    match self.rows.read(&id).await? {
                        Some(now) if tries < TRIES => there = now,
                        Some(_) => return Err(contended(T::NAME, &id)),
                        None => break,
                    }
                }
                changed += 1;
            }
            match next {
                Some(next) => query = Query::all().after(&next),
                None => return Ok(changed),
            }
        }
    }
}

fn row<T: Entity>(entity: &T) -> Result<Row> {
    let value = serde_json::to_vec(entity)
        .map_err(|error| Error::invalid(format!("the {} is no JSON", T::NAME)).caused_by(error))?;
    Ok(Row {
        id: entity.id().to_owned(),
        value: value.into(),
        indexes: entity.indexes(),
        expires_at: entity.expires_at(),
    })
}

fn entity<T: Entity>(row: &Row) -> Result<T> {
    serde_json::from_slice(&row.value).map_err(|error| {
        Error::invalid(format!(
            "the {} {:?} on the store cannot be read",
            T::NAME,
            row.id
        ))
        .caused_by(error)
    })
}

fn contended(name: &str, id: &str) -> Error {
    Error::unavailable(format!("{name} {id:?} is changed by many at once: try again"))
}
