//! What one cache hit costs, counted by valgrind: unlike a clock, it gives the
//! same answer on a busy machine, so a budget can be a test.
//!
//! `benches/hit` holds the cases. Its contract: without arguments it prints one line per case, `<case> <instructions> <allocations>`,
//! the budgets of one iteration, `-` for none; with `<case> <n>` it runs that
//! case `n` times. A case named `empty` is the loop alone.
//!
//! A case is run with two counts and the difference divided, so that start-up
//! costs fall out; then the same of `empty` is taken off. This needs no marked
//! function in the measured program, hence no `unsafe` attribute there.
//! Valgrind turns clock reads into system calls, whose kernel side is not counted.

use crate::run::{Outcome, cargo, program};
use crate::setup::has_program;

const FEW: u64 = 10_000;
const MANY: u64 = 60_000;

/// One line of the program's list.
struct Case {
    name: String,
    instructions: Option<f64>,
    allocations: Option<f64>,
}

/// Per iteration.
struct Cost {
    instructions: f64,
    allocations: f64,
}

/// Prints the cost of every case; an exceeded budget is a failure.
pub(crate) fn check() -> Outcome {
    if !has_program("valgrind") {
        return missing();
    }
    let binary = build()?;
    let cases = program(&binary).stdout()?;
    let cases: Vec<Case> = cases.lines().map(parse).collect::<Outcome<_>>()?;
    let empty = measure(&binary, "empty")?;
    println!(
        "{:<28} {:>16} {:>16}",
        "per iteration (budget)", "instructions", "allocations"
    );
    let mut over = Vec::new();
    for case in cases.iter().filter(|case| case.name != "empty") {
        let raw = measure(&binary, &case.name)?;
        let instructions = raw.instructions - empty.instructions;
        let allocations = raw.allocations - empty.allocations;
        println!(
            "{:<28} {:>16} {:>16}",
            case.name,
            cell(instructions, case.instructions),
            cell(allocations, case.allocations),
        );
        if exceeds(instructions, case.instructions) || exceeds(allocations, case.allocations) {
            over.push(case.name.as_str());
        }
    }
    if over.is_empty() {
        Ok(())
    } else {
        Err(format!("over budget: {}", over.join(", ")))
    }
}

fn missing() -> Outcome {
    if cfg!(target_os = "linux") {
        return Err(
            "valgrind missing; install it, for example: sudo apt-get install valgrind".into(),
        );
    }
    println!("left out: valgrind does not run on this system");
    Ok(())
}

/// Builds `benches/hit` and gives its path, which cargo tells in JSON lines.
fn build() -> Outcome<String> {
    let lines =
        cargo("build --release -p hit --message-format=json-render-diagnostics").stdout()?;
    let artifact = lines.lines().find(|line| line.contains(r#""name":"hit""#));
    let path = artifact.and_then(|line| line.split_once(r#""executable":""#));
    let path = path.and_then(|(_, rest)| rest.split_once('"'));
    path.map(|(path, _)| path.to_owned())
        .ok_or("cargo did not name the program of package `hit`".into())
}

fn parse(line: &str) -> Outcome<Case> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, instructions, allocations] = words[..] else {
        return Err(format!(
            "benches/hit printed `{line}`, not `case instructions allocations`"
        ));
    };
    let budget = |word: &str| match word {
        "-" => Ok(None),
        _ => word
            .parse()
            .map(Some)
            .map_err(|_| format!("budget `{word}` of `{name}` is no number")),
    };
    Ok(Case {
        name: name.to_owned(),
        instructions: budget(instructions)?,
        allocations: budget(allocations)?,
    })
}

fn measure(binary: &str, case: &str) -> Outcome<Cost> {
    let (few, many) = (count(binary, case, FEW)?, count(binary, case, MANY)?);
    let per_iteration = |few: u64, many: u64| many.saturating_sub(few) as f64 / (MANY - FEW) as f64;
    Ok(Cost {
        instructions: per_iteration(few.0, many.0),
        allocations: per_iteration(few.1, many.1),
    })
}

/// Instructions and allocations of one whole run.
fn count(binary: &str, case: &str, iterations: u64) -> Outcome<(u64, u64)> {
    let iterations = iterations.to_string();
    let valgrind = |options: [&str; 2], label| {
        let run = program("valgrind")
            .args(options)
            .args([binary, case, &iterations]);
        number_after(&run.stderr()?, label)
    };
    Ok((
        valgrind(
            ["--tool=callgrind", "--callgrind-out-file=/dev/null"],
            "Collected :",
        )?,
        valgrind(["--tool=memcheck", "--leak-check=no"], "total heap usage:")?,
    ))
}

fn number_after(text: &str, label: &str) -> Outcome<u64> {
    let rest = text.split_once(label).map(|(_, rest)| rest.trim_start());
    let word = rest.and_then(|rest| rest.split_whitespace().next());
    let digits = word.map(|word| word.replace(',', ""));
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or(format!("valgrind printed no `{label}`"))
}

fn cell(value: f64, budget: Option<f64>) -> String {
    match budget {
        Some(budget) => format!("{value:.1} ({budget})"),
        None => format!("{value:.1}"),
    }
}

fn exceeds(value: f64, budget: Option<f64>) -> bool {
    // Half a unit of slack: a table that grows once in a while is not a cost per hit.
    budget.is_some_and(|budget| value > budget + 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_valgrinds_numbers() {
        let text = "==7== Collected : 247891\n==7==   total heap usage: 1,204 allocs, 3 frees";
        assert_eq!(number_after(text, "Collected :"), Ok(247_891));
        assert_eq!(number_after(text, "total heap usage:"), Ok(1_204));
        assert!(number_after("", "Collected :").is_err());
    }

    #[test]
    fn reads_the_list_of_cases() {
        let case = parse("u64_key 350 0").expect("a well-formed line");
        assert_eq!(
            (case.instructions, case.allocations),
            (Some(350.0), Some(0.0))
        );
        assert_eq!(
            parse("string_key - 0")
                .expect("no instruction budget")
                .instructions,
            None
        );
        assert!(parse("u64_key 350").is_err());
        assert!(parse("u64_key many 0").is_err());
    }

    #[test]
    fn a_budget_of_zero_allocations_is_exceeded_by_one() {
        assert!(exceeds(1.0, Some(0.0)));
        assert!(!exceeds(0.01, Some(0.0)));
        assert!(!exceeds(9e9, None));
    }
}
