//! What a file says, table by table, every value with its place.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::offer::{offer, offer_as};
use super::super::scheme::is_option;
use super::super::setting::{Setting, age, lifetime, settings_names};
use super::super::value::yes;
use super::place::Place;
use super::read::Text;
use crate::engine::Override;
use crate::error::Error;
use crate::time::Ttl;

/// One value, as text.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) setting: &'static Setting,
    pub(super) text: String,
    pub(super) place: Place,
}

/// What is said of one cache, or of all.
#[derive(Debug, Clone, Default)]
pub(super) struct Section {
    pub(super) place: Option<Place>,
    pub(super) url: Option<(String, Place)>,
    pub(super) said: Vec<Said>,
    pub(super) policies: Vec<(String, Override, Place)>,
}

/// What is said of all caches.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) defaults: Section,
    pub(super) caches: BTreeMap<String, Section>,
}

type Value<'t> = Spanned<DeValue<'t>>;

impl Document {
    pub(super) fn of(text: &Text) -> Result<Self, Error> {
        let reader = Reader(text);
        let table = DeTable::parse(&text.text).map_err(|error| {
            let at = error.span().unwrap_or_default();
            reader.place(at).fault(&no_toml(error.message()))
        })?;
        let mut document = Self::default();
        for (key, value) in table.get_ref().iter() {
            match &**key.get_ref() {
                "defaults" => document.defaults = reader.section(value, true)?,
                "caches" => document.caches = reader.caches(value)?,
                other => {
                    let hint = offer_as(other, &["defaults", "caches"], "[caches.default]");
                    let hint = format!("there is no such table; {hint}");
                    return Err(reader.place(key.span()).fault(&hint));
                }
            }
        }
        Ok(document)
    }
}

/// A text whose values are being read.
struct Reader<'t>(&'t Text);

impl Reader<'_> {
    fn place(&self, at: Range<usize>) -> Place {
        Place::of(&self.0.name, &self.0.text, at.start)
    }

    fn table<'v, 't>(&self, value: &'v Value<'t>, hint: &str) -> Result<&'v DeTable<'t>, Error> {
        let table = value.get_ref().as_table();
        table.ok_or_else(|| self.place(value.span()).fault(hint))
    }

    fn caches(&self, value: &Value<'_>) -> Result<BTreeMap<String, Section>, Error> {
        let hint = "caches are tables, such as `[caches.default]`";
        let caches = self.table(value, hint)?.iter().map(|(name, value)| {
            if name.get_ref().is_empty() {
                let hint = "a cache has a name, as in `[caches.sessions]`";
                return Err(self.place(name.span()).fault(hint));
            }
            Ok((name.get_ref().to_string(), self.section(value, false)?))
        });
        caches.collect()
    }

    /// One table of settings; the one of all caches has no URL.
    fn section(&self, value: &Value<'_>, of_all: bool) -> Result<Section, Error> {
        let mut section = Section {
            place: Some(self.place(value.span())),
            ..Section::default()
        };
        for (key, value) in self.table(value, "this is a table of settings")?.iter() {
            let (name, place) = (&**key.get_ref(), self.place(key.span()));
            match (name, Setting::of(name)) {
                ("url", _) if of_all => {
                    let hint = "a URL belongs to one cache; write it in `[caches.default]`";
                    return Err(place.fault(hint));
                }
                ("url", _) => section.url = Some((self.url(value)?, self.place(value.span()))),
                ("policy", _) => section.policies = self.policies(value)?,
                ("name", _) => {
                    let hint = "a cache is named by its table, as in `[caches.sessions]`";
                    return Err(place.fault(hint));
                }
                (_, Some(setting)) => section.say(self.said(setting, value)?, &place)?,
                (other, None) if is_option(other) => {
                    let hint = "this is an option of one kind of backend; write it in the `url`, \
                                behind a `?`";
                    return Err(place.fault(hint));
                }
                (other, None) => {
                    let known = settings_names().chain(["url", "policy"]);
                    let hint = offer(other, &known.collect::<Vec<_>>());
                    return Err(place.fault(&format!("there is no such setting; {hint}")));
                }
            }
        }
        Ok(section)
    }

    fn url(&self, value: &Value<'_>) -> Result<String, Error> {
        let hint = "`url` takes a text, as in `url = \"redis://localhost:6379/1\"`";
        let text = value.get_ref().as_str().map(str::to_owned);
        text.ok_or_else(|| self.place(value.span()).fault(hint))
    }

    fn said(&self, setting: &'static Setting, value: &Value<'_>) -> Result<Said, Error> {
        let place = self.place(value.span());
        match scalar(value.get_ref()) {
            Some(text) => Ok(Said {
                setting,
                text,
                place,
            }),
            None => Err(place.fault(&setting.hint())),
        }
    }

    fn policies(&self, value: &Value<'_>) -> Result<Vec<(String, Override, Place)>, Error> {
        let hint = "policies are tables, such as `[caches.default.policy.\"post:<id>\"]`";
        let policies = self.table(value, hint)?.iter().map(|(template, value)| {
            let place = self.place(template.span());
            Ok((template.get_ref().to_string(), self.policy(value)?, place))
        });
        policies.collect()
    }

    fn policy(&self, value: &Value<'_>) -> Result<Override, Error> {
        let mut policy = Override::new();
        for (key, value) in self
            .table(value, "a policy is a table with `ttl`, `l1` or `off`")?
            .iter()
        {
            let place = self.place(value.span());
            match &**key.get_ref() {
                "ttl" => {
                    let ttl = scalar(value.get_ref()).and_then(|text| lifetime(&text));
                    let hint = "`ttl` takes a time of more than 0, as in `\"30s\"` or `30` \
                                (seconds), or `\"forever\"`";
                    let ttl = ttl.ok_or_else(|| place.fault(hint))?;
                    policy = policy.ttl(Ttl::from_millis(ttl.0));
                }
                "off" => match value.get_ref().as_bool() {
                    Some(true) => policy = policy.off(),
                    Some(false) => {}
                    None => return Err(place.fault("`off` takes `true` or `false`")),
                },
                "l1" => {
                    let text = scalar(value.get_ref());
                    let amended = text.and_then(|text| near(policy, &text));
                    let hint = "`l1` takes how old a value may be that is kept in memory in front \
                                of a shared backend, as in `\"2s\"` or `2` (seconds), or `true` \
                                where the backend tells of changes, or `false`";
                    policy = amended.ok_or_else(|| place.fault(hint))?;
                }
                other => {
                    let hint = offer(other, &["ttl", "l1", "off"]);
                    let hint = format!("a policy has no such setting; {hint}");
                    return Err(self.place(key.span()).fault(&hint));
                }
            }
        }
        Ok(policy)
    }
}

impl Section {
    /// Where a setting is made here.
    pub(super) fn place_of(&self, setting: &str) -> Option<Place> {
        let mut said = self.said.iter();
        let found = said.find(|said| said.setting.name == setting)?;
        Some(found.place.clone())
    }

    /// Adds a setting that was not made yet.
    pub(super) fn say(&mut self, said: Said, place: &Place) -> Result<(), Error> {
        let mut made = self.said.iter();
        if made.any(|made| made.setting.name == said.setting.name) {
            let hint = format!("`{}` is said twice; leave one of them", said.setting.name);
            return Err(place.fault(&hint));
        }
        self.said.push(said);
        Ok(())
    }
}

/// The policy with what a text says of the first tier.
fn near(policy: Override, text: &str) -> Option<Override> {
    match yes(text) {
        Some(true) => Some(policy.l1_watched()),
        Some(false) => Some(policy.no_l1()),
        None => Some(policy.l1(Ttl::from_millis(age(text)?.0))),
    }
}

/// What to write, by the parser's message alone: its error's own text quotes the line.
fn no_toml(message: &str) -> String {
    let message = message.trim().replace('\n', ", ");
    if message.contains("duplicate key") {
        return "this is in the file twice; leave one of them (duplicate key)".to_owned();
    }
    let fix = if message.contains("must be quoted") {
        "; write it as in `ttl = \"5m\"`"
    } else {
        ""
    };
    format!("this is no TOML: {message}{fix}")
}

/// A text, a whole number or a truth as text.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|number| number.to_string()),
        DeValue::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}
