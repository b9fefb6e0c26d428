//! `baton restore`, `baton org export`, `baton org delete` and `baton table protect`: an organization as a whole.
//!
//! Its one rule: nothing is deleted that was not named twice.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use shared::{
    config::LocalSettings,
    estate::{
        Counts, Estate, erase,
        export::{self, Sink},
        restore::{self, Wish},
    },
    private,
    tenant::TenantId,
};

use crate::{cli::plain, house, say};

/// Files of an export that are open at once: there are fewer kinds of things.
type Files = std::collections::BTreeMap<String, BufWriter<File>>;

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// Id of the organization.
    #[arg(long, value_name = "ORG", value_parser = tenant)]
    org: TenantId,
    /// The table that holds what is to come back, such as one that was restored to an earlier time.
    #[arg(long, value_name = "TABLE")]
    from_table: String,
    /// Only what lies in this partition, such as payload. May be repeated.
    #[arg(long = "only", value_name = "PARTITION")]
    partitions: Vec<String>,
    /// Replace records that are there and differ. Users and keys never are.
    #[arg(long)]
    overwrite: bool,
    /// Restore an organization that was erased.
    #[arg(long)]
    although_erased: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Id of the organization.
    #[arg(value_parser = tenant)]
    org: TenantId,
    /// A folder that is not there yet, or is empty.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// Id of the organization.
    #[arg(value_parser = tenant, required_unless_present = "again")]
    org: Option<TenantId>,
    /// Its name, to the letter.
    #[arg(long, value_name = "NAME", required_unless_present = "again")]
    confirm: Option<String>,
    /// Erase whatever is there of the organizations that were ever erased: after a table was restored.
    #[arg(long, conflicts_with_all = ["org", "confirm"])]
    again: bool,
    /// With --again: also those that this table knows of, the one from before the restore.
    #[arg(long, value_name = "TABLE", requires = "again")]
    listed_in: Option<String>,
    /// Seconds that requests under way are given to end.
    #[arg(long, value_name = "SECONDS", default_value_t = erase::SETTLED.as_secs())]
    settle: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TableCommand {
    /// Give a restored table what a restore leaves out: expiry, point-in-time recovery, deletion protection.
    Protect {
        /// The table; the one that BATON_TABLE names when left out.
        #[arg(long, value_name = "TABLE")]
        table: Option<String>,
    },
}

fn tenant(text: &str) -> Result<TenantId, String> {
    text.parse().map_err(|_| "is not the id of an organization".to_owned())
}

pub(crate) async fn restore(settings: &LocalSettings, args: RestoreArgs, json: bool) -> anyhow::Result<()> {
    let estate = house::estate(settings).await?;
    let from = house::other_table(&args.from_table)?;
    let RestoreArgs { org, partitions, overwrite, although_erased, .. } = args;
    let wish = Wish { partitions, overwrite, although_erased };
    let report = restore::run(&estate, &*from.whole, org, &wish).await.map_err(plain)?;
    if json {
        say::json(&serde_json::to_value(&report)?)?;
    } else {
        let mut lines = vec![format!("Organization {org} from {}", args.from_table)];
        lines.extend(table("restored", &report.restored));
        lines.extend(table("replaced", &report.replaced));
        lines.extend(table("kept, because it differs", &report.kept));
        lines.push(format!("{} were the same, {} are over by now", report.same, report.passed_over));
        lines.push(format!("{} bodies are there again", report.bodies));
        lines.extend(report.missing.iter().map(|body| format!("missing: {body}")));
        say::lines(lines)?;
    }
    ensure!(report.missing.is_empty(), "{} bodies are nowhere", report.missing.len());
    Ok(())
}

fn table(title: &str, counts: &Counts) -> Vec<String> {
    counts.iter().map(|(partition, number)| format!("{title}: {number} {partition}")).collect()
}

pub(crate) async fn export(settings: &LocalSettings, args: ExportArgs, json: bool) -> anyhow::Result<()> {
    let ExportArgs { org, to } = args;
    let estate = house::estate(settings).await?;
    let mut folder = Folder::new(&to)?;
    let report = export::run(&estate, org, &mut folder).await.map_err(plain)?;
    folder.finish()?;
    ensure!(report.lines.contains_key("org"), "there is no organization {org}");
    // Whoever finds it knows that the rest is whole.
    let summary = json!({
        "organization": org, "exported_at": shared::clock::iso(estate.clock.now()), "lines": report.lines,
        "bodies": report.bodies, "missing": report.missing,
    });
    write(&to.join("export.json"), format!("{summary:#}\n").as_bytes())?;
    if json {
        say::json(&summary)?;
    } else {
        let lines: usize = report.lines.values().sum();
        say::line(format!("{lines} records and {} bodies are in {}", report.bodies, to.display()))?;
    }
    ensure!(report.missing.is_empty(), "{} bodies are nowhere", report.missing.len());
    Ok(())
}

pub(crate) async fn delete(settings: &LocalSettings, args: DeleteArgs, json: bool) -> anyhow::Result<()> {
    let estate = house::estate(settings).await?;
    let settled = Duration::from_secs(args.settle);
    if args.again {
        return again(&estate, args.listed_in.as_deref(), settled, json).await;
    }
    let (Some(org), Some(name)) = (args.org, args.confirm) else { bail!("ORG and --confirm are needed") };
    let erased = erase::confirmed(&estate, org, &name, settled).await.map_err(plain)?;
    let report = erased.with_context(|| format!("there is no organization {org}"))?;
    let items: usize = report.items.values().sum();
    if json {
        return say::json(&json!({ "organization": org, "items": report.items, "bodies": report.bodies }));
    }
    say::line(format!("Organization {org} is erased: {items} items, {} versions of bodies", report.bodies))
}

async fn again(
    estate: &Estate,
    listed_in: Option<&str>,
    settled: Duration,
    json: bool,
) -> anyhow::Result<()> {
    if let Some(other) = listed_in {
        let other = house::other_table(other)?;
        for org in erase::all(&*other.store).await? {
            erase::remember(&*estate.store, org, estate.clock.now()).await?;
        }
    }
    let mut done = Vec::new();
    for org in erase::all(&*estate.store).await? {
        let report = erase::run(estate, org, settled).await.map_err(plain)?;
        done.push((org, report.items.values().sum::<usize>(), report.bodies));
    }
    if json {
        let each = done
            .iter()
            .map(|(org, items, bodies)| json!({ "organization": org, "items": items, "bodies": bodies }));
        return say::json(&each.collect::<Value>());
    }
    say::lines(
        done.iter().map(|(org, items, bodies)| format!("Organization {org}: {items} items, {bodies} bodies")),
    )
}

pub(crate) async fn protect(command: TableCommand, json: bool) -> anyhow::Result<()> {
    let TableCommand::Protect { table } = command;
    let given = house::protect(table).await?;
    if json {
        say::json(&json!({ "has": given }))
    } else {
        say::line(format!("The table has {}", given.join(", ")))
    }
}

/// The folder of an export: a file for each kind, and the bodies under their names.
struct Folder {
    root: PathBuf,
    files: Files,
}

impl Folder {
    fn new(root: &Path) -> anyhow::Result<Self> {
        let shown = root.display();
        if root.exists() {
            let mut inside = fs::read_dir(root).with_context(|| format!("{shown} cannot be read"))?;
            ensure!(inside.next().is_none(), "{shown} is not empty");
        } else {
            private::make_folder(root).with_context(|| format!("{shown} cannot be made"))?;
        }
        Ok(Self { root: root.to_owned(), files: Files::new() })
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        for (name, mut file) in std::mem::take(&mut self.files) {
            file.flush().with_context(|| format!("{name} cannot be written"))?;
        }
        Ok(())
    }
}

impl Sink for Folder {
    fn line(&mut self, partition: &str, line: &str) -> std::io::Result<()> {
        if !self.files.contains_key(partition) {
            let path = self.root.join(format!("{partition}.jsonl"));
            let file = private::open(OpenOptions::new().write(true).create_new(true), &path)?;
            self.files.insert(partition.to_owned(), BufWriter::new(file));
        }
        self.files.get_mut(partition).map_or(Ok(()), |file| writeln!(file, "{line}"))
    }

    fn body(&mut self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let path = self.root.join(name);
        let mut folder = self.root.clone();
        for part in Path::new(name).parent().into_iter().flat_map(Path::components) {
            folder.push(part);
            match private::make_folder(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        write(&path, bytes)
    }
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    private::open(OpenOptions::new().write(true).create(true).truncate(true), path)?.write_all(bytes)
}
