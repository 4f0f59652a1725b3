//! The steps of each command, in order.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{ArgMatches, CommandFactory};

use crate::{
    args::{CargoOptions, Cli, Command, ProjectOptions},
    broker,
    cargo::{BuildPlan, Cargo},
    discover::{Discovery, discover},
    errors::Error,
    forward, launch,
    metadata::Metadata,
    output::Output,
    prepare::{Sources, prepare},
    runner_args::{ConfigOptions, RunnerCommand, exit_code},
    runner_package::RunnerName,
    uptest,
};

/// A runner that was built.
struct Built {
    program: PathBuf,
    discovery: Discovery,
    workspace: PathBuf,
}

/// Does what the command line says.
pub(crate) fn execute(cli: &Cli, matches: &ArgMatches, output: Output) -> Result<ExitCode, Error> {
    match &cli.command {
        Command::List { list, config, cargo } => {
            let built = build(cli, cargo, &list.selection.packages, output)?;
            start(&built, config, matches, narrowed(&built, cargo))
        }
        Command::Run { run, config, cargo } => {
            let built = build(cli, cargo, &run.selection.packages, output)?;
            let mut more = narrowed(&built, cargo);
            // A developer at a terminal wants to see something happen; a runner in production wants to be told.
            more.push("--fallback-embedded".into());
            start(&built, config, matches, more)
        }
        Command::Trigger { project, .. }
        | Command::Set { project, .. }
        | Command::Table { project, .. }
        | Command::Silence { project, .. }
        | Command::Gate { project, .. }
        | Command::History { project, .. }
        | Command::Report { project, .. }
        | Command::Export { project, .. } => {
            let built = build(cli, &project.cargo, &project.packages.packages, output)?;
            start(&built, &project.config, matches, Vec::new())
        }
        Command::Status { status, config, cargo } => {
            let built = build(cli, cargo, &status.selection.packages, output)?;
            start(&built, config, matches, narrowed(&built, cargo))
        }
        Command::Doctor { project, .. } => {
            let built = build(cli, &project.cargo, &project.packages.packages, output)?;
            // It looks at what `run` would use.
            start(&built, &project.config, matches, vec!["--fallback-embedded".into()])
        }
        Command::Uptest { uptest, no_build, project: ProjectOptions { config, packages, cargo } } => {
            let built =
                if *no_build { Ok(None) } else { build_if_any(cli, cargo, &packages.packages, output) };
            match built? {
                Some(built) => start(&built, config, matches, Vec::new()),
                None if uptest.reports => Err(Error::NeedsRunner { option: "--reports" }),
                None if config.store.is_some() => Err(Error::NeedsRunner { option: "--store" }),
                None => uptest::run(uptest, &cli.output),
            }
        }
        Command::Build { output_path, packages, cargo } => {
            let mut cargo = cargo.clone();
            cargo.release = cargo.cargo_profile.is_none();
            let built = build(cli, &cargo, &packages.packages, output)?;
            let path = launch::leave(&built.program, output_path.as_deref())?;
            launch::announce(&path, &built.discovery.names(), output)?;
            Ok(ExitCode::from(exit_code::OK))
        }
        Command::Broker(args) => broker::serve(args, output).map(|()| ExitCode::from(exit_code::OK)),
    }
}

/// The same where there may be nothing to find: no package, or none that can be linked.
fn build_if_any(
    cli: &Cli,
    options: &CargoOptions,
    packages: &[String],
    output: Output,
) -> Result<Option<Built>, Error> {
    match build(cli, options, packages, output) {
        Ok(built) => Ok(Some(built)),
        Err(Error::NotAProject { .. } | Error::NoPackages { .. }) if packages.is_empty() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Finds the cases and builds the runner.
fn build(cli: &Cli, options: &CargoOptions, packages: &[String], output: Output) -> Result<Built, Error> {
    expect_project(options)?;
    let cargo = Cargo { options, color: cli.output.color, quiet: cli.output.quiet };
    let (metadata, metadata_text) = cargo.metadata()?;
    let discovery = discover(&metadata, &options.request(packages))?;
    for package in &discovery.unlinked {
        output.unlinked(package);
    }

    let target_directory = target_directory(&metadata, options)?;
    let name = RunnerName::new(&discovery, &metadata.workspace_root, &target_directory);
    let sources = Sources {
        metadata: &metadata,
        metadata_text: &metadata_text,
        discovery: &discovery,
        name: &name,
        target_directory: &target_directory,
    };
    let prepared = prepare(&sources, &cargo, output)?;
    let program = cargo.build(&BuildPlan {
        manifest: &prepared.manifest,
        program: &name.program(),
        target_directory: &target_directory,
        build_directory: metadata.build_directory.as_deref(),
    })?;
    Ok(Built { program, discovery, workspace: metadata.workspace_root })
}

/// Starts the runner with what was typed, and what it cannot know.
fn start(
    built: &Built,
    config: &ConfigOptions,
    matches: &ArgMatches,
    more: Vec<OsString>,
) -> Result<ExitCode, Error> {
    let Some((name, matches)) = matches.subcommand() else {
        // Clap has refused a command line without one.
        return Ok(ExitCode::from(exit_code::USAGE));
    };
    let mut arguments = forward::runner_arguments(&RunnerCommand::command(), name, matches);
    let mut ours = more;
    ours.extend(built.discovery.names().iter().map(|name| format!("--searched-package={name}").into()));
    if let Some(file) = configuration_elsewhere(built, config)? {
        let mut argument = OsString::from("--config-file=");
        argument.push(file);
        ours.push(argument);
    }
    // Before the positional ones, which end with what follows `--`.
    arguments.splice(1..1, ours);
    launch::run(&built.program, &arguments)
}

/// The workspace's configuration file where the runner, which looks in the user's folder and above, does not
/// find it: the workspace was named with `--manifest-path`.
fn configuration_elsewhere(built: &Built, config: &ConfigOptions) -> Result<Option<PathBuf>, Error> {
    let is_named = config.config_file.is_some() || std::env::var_os("LIVECHECK_CONFIG_FILE").is_some();
    let file = built.workspace.join(".config/livecheck.toml");
    let is_elsewhere = !current_folder()?.starts_with(&built.workspace);
    Ok((!is_named && is_elsewhere && file.is_file()).then_some(file))
}

/// With `--exclude`, the packages that are left: one that is left out may be linked as a dependency of another.
fn narrowed(built: &Built, options: &CargoOptions) -> Vec<OsString> {
    if options.exclude.is_empty() {
        return Vec::new();
    }
    built.discovery.names().iter().map(|name| format!("--package={name}").into()).collect()
}

/// Sees to it that there is a manifest, so that its absence is told from a fault in it.
fn expect_project(options: &CargoOptions) -> Result<(), Error> {
    if let Some(path) = &options.manifest_path {
        return if path.is_file() { Ok(()) } else { Err(Error::ManifestNotFound { path: path.clone() }) };
    }
    let folder = current_folder()?;
    if folder.ancestors().any(|folder| folder.join("Cargo.toml").is_file()) {
        Ok(())
    } else {
        Err(Error::NotAProject { folder })
    }
}

/// Where everything is built: what `--target-dir` says, or cargo's configuration.
fn target_directory(metadata: &Metadata, options: &CargoOptions) -> Result<PathBuf, Error> {
    match &options.target_dir {
        Some(folder) => Ok(current_folder()?.join(folder)),
        None => Ok(metadata.target_directory.clone()),
    }
}

fn current_folder() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|source| Error::Read { path: Path::new(".").to_owned(), source })
}
