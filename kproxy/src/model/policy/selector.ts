import { asList, asOneOf, asRecord, asText, type FieldPath, type ParseContext } from "../field-check.ts";
import type { Requirement, Selector } from "./objects.ts";

const OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

/** Reads a LabelSelector. Missing fields select everything; whether the selector itself may be missing is the caller's. */
export function readSelector(value: unknown, path: FieldPath, context: ParseContext): Selector {
	const fields = asRecord(value, path, context) ?? {};
	const labels = asRecord(fields.matchLabels, [...path, "matchLabels"], context) ?? {};
	const requirements: Requirement[] = Object.entries(labels).map(([key, label]) => ({
		key: context.intern(key),
		operator: "In",
		values: [context.intern(asText(label, [...path, "matchLabels", key], context))],
	}));
	const expressions = asList(fields.matchExpressions, [...path, "matchExpressions"], context);
	for (const [index, expression] of expressions.entries())
		requirements.push(readRequirement(expression, [...path, "matchExpressions", index], context));
	return requirements.sort(byText);
}

function readRequirement(value: unknown, path: FieldPath, context: ParseContext): Requirement {
	const fields = asRecord(value, path, context) ?? {};
	const key = context.intern(asText(fields.key, [...path, "key"], context));
	if (key === "") context.problems.push({ path: [...path, "key"], message: "is missing" });
	if (fields.operator === undefined)
		context.problems.push({
			path: [...path, "operator"],
			message: `is missing; it must be one of ${OPERATORS.join(", ")}`,
		});
	const operator = asOneOf(
		fields.operator,
		{ path: [...path, "operator"], choices: OPERATORS, fallback: "Exists" },
		context,
	);
	const values = asList(fields.values, [...path, "values"], context).map((each, index) =>
		context.intern(asText(each, [...path, "values", index], context)),
	);
	const takesValues = operator === "In" || operator === "NotIn";
	if (takesValues && values.length === 0)
		context.problems.push({ path: [...path, "values"], message: `is empty; ${operator} needs values` });
	if (!takesValues && values.length > 0)
		context.problems.push({ path: [...path, "values"], message: `must be left out; ${operator} takes none` });
	return { key, operator, values: [...new Set(values)].sort() };
}

const byText = (a: Requirement, b: Requirement): number => (selectorText([a]) < selectorText([b]) ? -1 : 1);

/** Equal for selectors that require the same. */
export function selectorText(selector: Selector): string {
	return selector.map(({ key, operator, values }) => `${key} ${operator} ${values.join(",")}`).join("; ");
}

/** Whether labels satisfy every requirement. A missing label satisfies NotIn and DoesNotExist, as in the API. */
export function matches(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
	return selector.every((requirement) => isMet(requirement, labels));
}

function isMet({ key, operator, values }: Requirement, labels: Readonly<Record<string, string>>): boolean {
	const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
	if (operator === "Exists" || operator === "DoesNotExist")
		return (value !== undefined) === (operator === "Exists");
	const isAmong = value !== undefined && values.includes(value);
	return isAmong === (operator === "In");
}
