"""Says what is wrong with a document of OpenAPI 3.1, and with JSON that its schemas are tried on.

Reads {"document": ..., "samples": [{"schema": NAME, "value": ..., "is_valid": BOOL}]}, prints a line for each fault.
"""

import json
import sys

from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator


def main():
    given = json.load(sys.stdin)
    document = given["document"]
    faults = [f"document: {error.message}" for error in OpenAPIV31SpecValidator(document).iter_errors()]
    faults += references(document, document)
    for name, schema in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        faults += examples(document, schema, name)
    for sample in given["samples"]:
        faults += tried(document, sample)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def validator(document, schema):
    whole = {"allOf": [schema], "components": document["components"]}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def tried(document, sample):
    schema = {"$ref": f"#/components/schemas/{sample['schema']}"}
    errors = [error.message for error in validator(document, schema).iter_errors(sample["value"])]
    if (not errors) == sample["is_valid"]:
        return []
    text = json.dumps(sample["value"])[:200]
    return [f"{sample['schema']}: {text}: {errors or 'should have been refused'}"]


def examples(document, schema, path):
    """Those that their own schema refuses, here and below."""
    if not isinstance(schema, dict):
        return []
    faults = []
    for example in schema.get("examples", []):
        errors = validator(document, schema).iter_errors(example)
        faults += [f"{path}: example: {error.message}" for error in errors]
    for name, inner in schema.get("properties", {}).items():
        faults += examples(document, inner, f"{path}.{name}")
    return faults


def references(document, part):
    """Those that lead nowhere."""
    if isinstance(part, list):
        return [fault for each in part for fault in references(document, each)]
    if not isinstance(part, dict):
        return []
    faults = [fault for each in part.values() for fault in references(document, each)]
    reference = part.get("$ref")
    if isinstance(reference, str) and not leads(document, reference):
        faults.append(f"{reference} leads nowhere")
    return faults


def leads(document, reference):
    for key in reference.removeprefix("#/").split("/"):
        if not isinstance(document, dict) or key not in document:
            return False
        document = document[key]
    return True


if __name__ == "__main__":
    sys.exit(main())
