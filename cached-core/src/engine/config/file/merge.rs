//! A file, the environment and `CACHE_URL` as one configuration per cache.
//!
//! Of one setting, the last of these that makes it counts: `[defaults]`, `CACHED_<SETTING>`, the
//! cache's table, its URL, `CACHED_CACHES_<NAME>_<SETTING>`. Of URLs it is the cache's table, then
//! `CACHED_CACHES_<NAME>_URL`, then `CACHE_URL`.

use std::collections::BTreeSet;

use super::super::Config;
use super::super::offer::near;
use super::super::url::Parsed;
use super::document::{Document, Section};
use super::environment::Environment;
use super::place::Place;
use super::read::Text;
use super::{Caches, UNNAMED};
use crate::error::Error;
use crate::registry::{Role, Site, sites};

pub(super) fn merge(text: Option<&Text>, environment: &Environment) -> Result<Caches, Error> {
    let file = text.map(Document::of).transpose()?.unwrap_or_default();
    let layers = Layers {
        variables: environment.document(&file)?,
        url: environment.url()?,
        file,
    };
    let names = layers
        .file
        .caches
        .keys()
        .chain(layers.variables.caches.keys());
    let names: BTreeSet<&str> = names.map(String::as_str).collect();
    let named = names.into_iter().filter(|name| *name != UNNAMED);
    let named = named.map(|name| {
        Ok(Config {
            name: Some(name.to_owned()),
            ..layers.cache(name)?
        })
    });
    Ok(Caches {
        unnamed: layers.cache(UNNAMED)?,
        named: named.collect::<Result<_, Error>>()?,
        notes: layers.notes(),
    })
}

struct Layers {
    file: Document,
    variables: Document,
    /// `CACHE_URL`.
    url: Option<(String, Place)>,
}

impl Layers {
    fn cache(&self, name: &str) -> Result<Config, Error> {
        let empty = Section::default();
        let table = self.file.caches.get(name).unwrap_or(&empty);
        let variables = self.variables.caches.get(name).unwrap_or(&empty);
        let (mut parsed, place) = self.opened(name, table, variables)?;
        let in_url = parsed.states("l1");
        for defaults in [&self.file.defaults, &self.variables.defaults] {
            set(&mut parsed.config, defaults, true)?;
        }
        set(&mut parsed.config, table, false)?;
        let mut config = match &place {
            Some(place) => parsed.finish().map_err(|error| place.located(&error))?,
            None => parsed.finish()?,
        };
        set(&mut config, variables, false)?;
        let watching = config.lacks_watching().then(|| {
            let url = place.clone().filter(|_| in_url);
            self.watching(&config, [variables, table], url)
        });
        config.checked().map_err(|error| {
            let place = watching.flatten().or(place);
            let place = place.or_else(|| table.place.clone());
            let place = place.or_else(|| self.require_shared());
            let place = place.map_or_else(String::new, |place| format!("{place}: "));
            Error::new(error.kind(), format!("{place}cache `{name}`: {error}"))
        })
    }

    /// The backend of a cache, and where its URL is.
    fn opened(
        &self,
        name: &str,
        table: &Section,
        variables: &Section,
    ) -> Result<(Parsed, Option<Place>), Error> {
        let first = self.url.as_ref().filter(|_| name == UNNAMED);
        let Some((url, place)) = first.or(variables.url.as_ref()).or(table.url.as_ref()) else {
            return match &table.place {
                Some(place) if name != UNNAMED => Err(place.fault(&format!(
                    "the cache `{name}` has no `url`; write for example `url = \"memory://\"`"
                ))),
                _ => Ok((Parsed::of("memory://")?, None)),
            };
        };
        let parsed = Parsed::of(url).map_err(|error| place.located(&error))?;
        if name != UNNAMED && parsed.states("name") {
            let hint = format!("this cache is named `{name}` already; leave `name` out of its URL");
            return Err(place.fault(&hint));
        }
        let is_its_own = table.url.as_ref().is_some_and(|(_, own)| own == place);
        let twice = |said: &&super::document::Said| is_its_own && parsed.states(said.setting.name);
        match table.said.iter().find(twice) {
            Some(said) => Err(said.place.fault(&format!(
                "`{}` is in the cache's URL too; leave one of them",
                said.setting.name
            ))),
            None => Ok((parsed, Some(place.clone()))),
        }
    }

    /// Where a cache is asked to keep what its backend tells the changes of, as far as it is said
    /// in places of its own; `url` is the place of a URL that says so.
    fn watching(&self, config: &Config, own: [&Section; 2], url: Option<Place>) -> Option<Place> {
        let [variables, table] = own;
        let of_all = [&self.variables.defaults, &self.file.defaults];
        if config.is_watched() {
            let first = variables.place_of("l1").or(url);
            let mut rest = [table].into_iter().chain(of_all);
            return first.or_else(|| rest.find_map(|section| section.place_of("l1")));
        }
        let policies = own
            .into_iter()
            .chain(of_all)
            .flat_map(|section| &section.policies);
        let mut asking = policies.filter(|(_, policy, _)| policy.wants_watching());
        asking.next().map(|(_, _, place)| place.clone())
    }

    /// Where it is said that every cache has to be shared.
    fn require_shared(&self) -> Option<Place> {
        let variables = self.variables.defaults.said.iter();
        let mut said = variables.chain(&self.file.defaults.said);
        let found = said.find(|said| said.setting.name == "require_shared");
        found.map(|said| said.place.clone())
    }

    /// What is most likely a slip.
    fn notes(&self) -> Vec<String> {
        let mut notes = self.policies_in_vain();
        notes.extend(self.caches_in_vain());
        notes
    }

    /// The caches that a variable describes, and nothing else names, beside one that is called alike.
    fn caches_in_vain(&self) -> Vec<String> {
        let tables = self.file.caches.keys().map(String::as_str);
        let sites = sites();
        let functions = sites
            .iter()
            .filter_map(|site| -> Option<&str> { site.cache_name() });
        let known: Vec<&str> = tables.chain(functions).chain([UNNAMED]).collect();
        let further = self.variables.caches.iter();
        let further = further.filter(|(name, _)| !known.contains(&name.as_str()));
        let note = |(name, section): (&String, &Section)| {
            let ((_, place), near) = section.url.as_ref().zip(near(name, &known))?;
            Some(format!(
                "{place}: no function and no table names the cache `{name}`; did you mean `{near}`?"
            ))
        };
        further.filter_map(note).collect()
    }

    /// The policies that no function follows.
    fn policies_in_vain(&self) -> Vec<String> {
        let tables = self.file.caches.iter();
        let tables = tables.map(|(name, section)| (Some(name.as_str()), section));
        let policies = tables
            .chain([(None, &self.file.defaults)])
            .flat_map(|(cache, section)| section.policies.iter().map(move |said| (cache, said)));
        let mut readers = sites();
        readers.retain(|site| site.role() == Role::Reader);
        let note = |(cache, (template, _, place)): (_, &(String, _, Place))| {
            let hint = unfollowed(&readers, cache, template)?;
            Some(format!("{place}: {hint}"))
        };
        policies.filter_map(note).collect()
    }
}

/// Why no function follows a policy of that cache, or of all, if none does.
fn unfollowed(readers: &[&Site], cache: Option<&str>, template: &str) -> Option<String> {
    let template = template.replace('{', "<").replace('}', ">");
    let of_template = readers.iter().filter(|site| site.template() == template);
    let mut others = BTreeSet::new();
    for site in of_template {
        let own = site.cache_name().unwrap_or(UNNAMED);
        if site.policy.cache_expr || cache.is_none_or(|cache| cache == own) {
            return None;
        }
        others.insert(own);
    }
    if let Some(other) = others.first() {
        return Some(format!(
            "the functions with this template are in another cache; write it for `caches.{other}`"
        ));
    }
    let templates: Vec<&str> = readers.iter().map(|site| site.template()).collect();
    let near = near(&template, &templates);
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Some(format!(
        "no function of this program has this template{near}"
    ))
}

/// Makes the settings of a section; of those for every cache, the ones that concern this.
fn set(config: &mut Config, section: &Section, of_all: bool) -> Result<(), Error> {
    for said in &section.said {
        let done = if of_all && !said.setting.concerns(config) {
            // A mistake shows beside the memory of a developer already.
            said.setting.check(&said.text)
        } else {
            said.setting.apply(config, &said.text)
        };
        done.map_err(|hint| said.place.fault(&hint))?;
    }
    for (template, policy, _) in &section.policies {
        config.overrides.set(template, *policy);
    }
    Ok(())
}
