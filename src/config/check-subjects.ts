/** The NATS subjects of each mode: valid, and not such that data goes round in circles. */
import { queueGroupProblem, subjectMatches, subjectProblem } from "../bus/subject.ts";
import { type Place, type Problems, show } from "./problems.ts";
import type { Settings } from "./settings.ts";

/** The one subject that a listener publishes to or a filter reads. Further entries are ignored, as 1.x did. */
export function onlySubject(
  settings: Settings,
  options: { readonly wildcards: boolean },
  problems: Problems,
): string {
  const [first = "", ...others] = checkedSubjects(settings, options, problems);
  if (others.length > 0) {
    const place = settings.place("nats_subject");
    problems.warn(place, `only the first subject, ${show(first)}, is used`);
  }
  return first;
}

/** The subjects that a downsampler reads: the output of each is its name with a suffix, so that a pattern will not do. */
export function plainSubjects(settings: Settings, problems: Problems): readonly string[] {
  return checkedSubjects(settings, { wildcards: false }, problems);
}

/** The subjects that a writer reads. Where they overlap, it takes each message once. */
export function allSubjects(settings: Settings, problems: Problems): readonly string[] {
  return checkedSubjects(settings, { wildcards: true }, problems);
}

/** `subject`, which is published to. An input that takes it in again, if any, would make data go round for ever. */
export function checkOutput(
  subject: string,
  place: Place,
  problems: Problems,
  input?: string,
): string {
  const problem = subjectProblem(subject, { wildcards: false });
  if (problem !== undefined) {
    problems.add(place, "a NATS subject without wildcards", showFlawed(subject, problem));
  } else if (input !== undefined && subjectMatches(input, subject)) {
    problems.add(
      place,
      `a subject that the filter does not read (its nats_subject is ${show(input)})`,
      show(subject),
    );
  }
  return subject;
}

export function queueGroup(settings: Settings, problems: Problems): string {
  const name = settings.get("queue_group");
  const problem = name === "" ? undefined : queueGroupProblem(name);
  if (problem !== undefined) {
    const place = settings.place("queue_group");
    problems.add(place, "the name of a NATS queue group", showFlawed(name, problem));
  }
  return name;
}

function checkedSubjects(
  settings: Settings,
  options: { readonly wildcards: boolean },
  problems: Problems,
): readonly string[] {
  const place = settings.place("nats_subject");
  const subjects = settings.get("nats_subject");
  if (subjects.length === 0) problems.add(place, "at least one subject", "an empty list");
  const expected = options.wildcards ? "NATS subjects" : "NATS subjects without wildcards";
  for (const [index, subject] of subjects.entries()) {
    const problem = subjectProblem(subject, options);
    if (problem !== undefined) {
      problems.add(place, expected, showFlawed(subject, problem));
    } else if (subjects.indexOf(subject) < index) {
      problems.add(place, "each subject once", `${show(subject)} again`);
    }
  }
  return subjects;
}

function showFlawed(name: string, problem: string): string {
  return name === "" ? show(name) : `${show(name)}, which ${problem}`;
}
