//! An object's members read as they come, without building the object: the verifier's way, which copies nothing that it
//! does not keep.

use super::{JsonError, Repeated, Strict, read};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::{borrow::Cow, collections::BTreeSet, fmt};

/// What a member holds, as far as it is of use: header members and registered claims are texts, whole numbers and lists
/// of texts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shallow<'de> {
    Text(Cow<'de, str>),
    Natural(u64),
    Texts(Vec<Cow<'de, str>>),
    Other,
}

/// Where the members go whose values are of use.
pub(crate) trait Places<'de> {
    /// The place of the member of that name, empty at first; `None` for a member that nobody asked for.
    fn place(&mut self, name: &str) -> Option<&mut Option<Shallow<'de>>>;
}

/// Reads an object member by member, in one pass: what has a place goes there, anything else to `others`, if it is wanted.
///
/// As strict as [`object`](super::object): a name that occurs twice, at any depth, refuses the whole text, although
/// the places may hold a part of it by then.
#[inline]
pub(crate) fn members<'de>(
    bytes: &'de [u8],
    places: &mut impl Places<'de>,
    others: Option<&mut Map<String, Value>>,
) -> Result<(), JsonError> {
    let is_object = read(bytes, |repeated, reader| reader.deserialize_any(Outermost { repeated, places, others }))?;
    if is_object { Ok(()) } else { Err(JsonError::NotAnObject) }
}

/// The outermost value; `false` when it is not an object.
struct Outermost<'a, P> {
    repeated: &'a Repeated,
    places: &'a mut P,
    others: Option<&'a mut Map<String, Value>>,
}

impl<'de, P: Places<'de>> Visitor<'de> for Outermost<'_, P> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    #[inline]
    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    #[inline]
    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    #[inline]
    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    #[inline]
    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    #[inline]
    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    #[inline]
    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<bool, A::Error> {
        Skim { repeated: self.repeated, place: &mut None }.visit_seq(items).map(|()| false)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<bool, A::Error> {
        let mut names = Names::default();
        while let Some(name) = members.next_key_seed(Name)? {
            // A place that is taken says that the name has occurred: only names without one are remembered.
            match self.places.place(&name) {
                Some(place) if place.is_none() => {
                    members.next_value_seed(Skim { repeated: self.repeated, place })?;
                }
                None if names.insert(name.clone()) => match &mut self.others {
                    Some(others) => {
                        others.insert(name.into_owned(), members.next_value_seed(Strict(self.repeated))?);
                    }
                    None => {
                        members.next_value_seed(Skim { repeated: self.repeated, place: &mut None })?;
                    }
                },
                _ => return Err(twice(name, self.repeated)),
            }
        }
        Ok(true)
    }
}

/// Reads a value, of which only [`Shallow`] is kept, in the place where it belongs: a value handed up through every caller
/// is copied by each.
struct Skim<'a, 'de> {
    repeated: &'a Repeated,
    place: &'a mut Option<Shallow<'de>>,
}

impl<'de> DeserializeSeed<'de> for Skim<'_, 'de> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skim<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    #[inline]
    fn visit_unit<E>(self) -> Result<(), E> {
        *self.place = Some(Shallow::Other);
        Ok(())
    }

    #[inline]
    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.visit_unit()
    }

    #[inline]
    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        *self.place = Some(Shallow::Natural(value));
        Ok(())
    }

    #[inline]
    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.visit_unit()
    }

    #[inline]
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.visit_unit()
    }

    #[inline]
    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<(), E> {
        *self.place = Some(Shallow::Text(Cow::Borrowed(value)));
        Ok(())
    }

    #[inline]
    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        *self.place = Some(Shallow::Text(Cow::Owned(value.to_owned())));
        Ok(())
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut texts = Some(Vec::new());
        let mut item = None;
        while items.next_element_seed(Skim { repeated: self.repeated, place: &mut item })?.is_some() {
            match (item.take(), &mut texts) {
                (Some(Shallow::Text(text)), Some(texts)) => texts.push(text),
                _ => texts = None,
            }
        }
        *self.place = Some(texts.map_or(Shallow::Other, Shallow::Texts));
        Ok(())
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = Names::default();
        while let Some(name) = members.next_key_seed(Name)? {
            if !names.insert(name.clone()) {
                return Err(twice(name, self.repeated));
            }
            members.next_value_seed(Skim { repeated: self.repeated, place: &mut None })?;
        }
        self.visit_unit()
    }
}

#[cold]
fn twice<E: serde::de::Error>(name: Cow<'_, str>, repeated: &Repeated) -> E {
    repeated.replace(Some(name.into_owned()));
    E::custom("a member occurs twice")
}

/// The names of one object so far, as far as nothing else remembers them. Few are compared one by one; of many a set is
/// made, so that a long object costs no more than its length.
#[derive(Default)]
struct Names<'de> {
    few: Vec<Cow<'de, str>>,
    many: BTreeSet<Cow<'de, str>>,
}

impl<'de> Names<'de> {
    const FEW: usize = 20;

    #[inline]
    fn insert(&mut self, name: Cow<'de, str>) -> bool {
        if self.few.contains(&name) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(name);
            return true;
        }
        self.many.insert(name)
    }
}

/// A name, borrowed where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    #[inline]
    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    #[inline]
    fn visit_str<E>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}
