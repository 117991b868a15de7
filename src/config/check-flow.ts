/**
 * Whether the components of one process fit together: what one publishes, another reads. Misfits lose lines but may
 * be meant, so they are warnings.
 */
import { patternsOverlap, subjectMatches } from "../bus/subject.ts";
import type { LoadedComponent } from "./build.ts";
import { circlesOf, readersOf } from "./flow.ts";
import { OPTIONS } from "./options.ts";
import { type Place, type Problems, show } from "./problems.ts";
import { rulePlace } from "./rule-tables.ts";

/** `inproc`: there are no other components than these; on NATS, others may publish and read as well. */
export function checkFlow(
  components: readonly LoadedComponent[],
  inproc: boolean,
  problems: Problems,
): void {
  if (inproc) checkSubjects(components, problems);
  checkCircles(components, problems);
  checkQueueGroups(components, problems);
}

interface End {
  readonly subject: string;
  readonly place: Place;
}

interface Output extends End {
  /** Nobody need have thought of it. */
  readonly isDefault: boolean;
}

function checkSubjects(components: readonly LoadedComponent[], problems: Problems): void {
  const outputs = components.flatMap(outputsOf);
  const inputs = components.flatMap(inputsOf);
  const published = [...new Set(outputs.map(({ subject }) => subject))];
  const read = [...new Set(inputs.map(({ subject }) => subject))];
  for (const { subject, place, isDefault } of outputs) {
    if (isDefault || read.some((pattern) => subjectMatches(pattern, subject))) continue;
    problems.warn(place, `no component reads ${show(subject)}: what is published there is lost`);
  }
  for (const { subject: pattern, place } of inputs) {
    if (published.some((subject) => subjectMatches(pattern, subject))) continue;
    problems.warn(place, `no component publishes to ${show(pattern)}: nothing comes from there`);
  }
}

function outputsOf({ config, settings }: LoadedComponent): readonly Output[] {
  const { monitorSubject } = config;
  const monitor = {
    subject: monitorSubject,
    place: settings.place("nats_subject_monitor"),
    isDefault: monitorSubject === OPTIONS.nats_subject_monitor.default,
  };
  if (config.mode === "writer" || config.mode === "monitor") return [monitor];
  if (config.mode === "downsampler") {
    const place = settings.place("downsample_suffix");
    const archives = config.subjects.map((subject) => `${subject}${config.suffix}`);
    return [...archives.map((subject) => ({ subject, place, isDefault: false })), monitor];
  }
  if (config.mode !== "filter") {
    const place = settings.place("nats_subject");
    return [{ subject: config.subject, place, isDefault: false }, monitor];
  }
  const junkyard = {
    subject: config.junkyardSubject,
    place: settings.place("nats_subject_junkyard"),
    isDefault: config.junkyardSubject === OPTIONS.nats_subject_junkyard.default,
  };
  const sorted = config.rules.map(({ subject }, index) => ({
    subject,
    place: rulePlace(settings.place("rule"), index, "subject"),
    isDefault: false,
  }));
  return [...sorted, junkyard, monitor];
}

function inputsOf({ config, settings }: LoadedComponent): readonly End[] {
  if (config.mode === "monitor") {
    return [{ subject: config.monitorSubject, place: settings.place("nats_subject_monitor") }];
  }
  const place = settings.place("nats_subject");
  if (config.mode === "writer" || config.mode === "downsampler") {
    return config.subjects.map((subject) => ({ subject, place }));
  }
  return config.mode === "filter" ? [{ subject: config.subject, place }] : [];
}

/** A filter that feeds itself is refused by itself: this is about several. */
function checkCircles(components: readonly LoadedComponent[], problems: Problems): void {
  const readers = readersOf(components.map(({ config }) => config));
  for (const circle of circlesOf(readers)) {
    const members = circle.flatMap((number) => components[number] ?? []);
    const names = members.map(({ config }) => show(config.name)).join(" and ");
    for (const { settings } of members.slice(0, 1)) {
      problems.warn(
        settings.place("nats_subject"),
        `${names} read what they publish, in a circle: a line may go round without end, and what ` +
          "is between them when they stop is lost, and nobody counts it",
      );
    }
  }
}

/** Two filters that share the lines of a subject should treat them alike. */
function checkQueueGroups(components: readonly LoadedComponent[], problems: Problems): void {
  const filters = components.flatMap(({ config, settings }) =>
    config.mode === "filter" ? [{ config, settings, rules: JSON.stringify(config.rules) }] : [],
  );
  for (const [index, { config, settings, rules }] of filters.entries()) {
    const rival = filters
      .slice(0, index)
      .find(
        (other) =>
          other.config.queueGroup === config.queueGroup &&
          other.rules !== rules &&
          patternsOverlap(other.config.subject, config.subject),
      );
    if (rival === undefined) continue;
    const other = `component ${show(rival.config.name)}, which has other rules`;
    const remedy = "to let each see all lines, give them different queue groups";
    problems.warn(
      settings.place("queue_group"),
      `${show(config.queueGroup)} shares the lines with ${other}: ${remedy}`,
    );
  }
}
