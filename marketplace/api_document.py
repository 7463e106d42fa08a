"""The document of the operations (OpenAPI), with what the API's frame may answer to any of them.

An operation names the answers of its own; who it is, whether the request can be read and whether the database is there
are asked before it is reached, so those answers are added here, once for all.
"""

from typing import Any

Part = dict[str, Any]
PROBLEM = "application/problem+json"
REFUSALS = {
    400: "BadRequest",
    401: "SignIn",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    413: "TooLarge",
    422: "Invalid",
    429: "TooManyTries",
    503: "Busy",
}
SAID = {
    "BadRequest": "The request could not be read.",
    "SignIn": "Who calls is not known: no session, no token, or one that has ended.",
    "Forbidden": "The role does not allow this, or the session's CSRF token is missing.",
    "NotFound": "Nothing is there, or it is somebody else's.",
    "Conflict": "A rule says no, or the thing is in another state by now; `code` says which.",
    "TooLarge": "The body is too large.",
    "Invalid": "Fields are missing or wrong; `errors` names each.",
    "TooManyTries": "Tried too often; Retry-After says when to come again.",
    "Busy": "The portal is busy; Retry-After says when to come again.",
}
READS = {"get", "head", "options"}


def file_of(kind: str, binary: bool = False) -> Part:
    """What an operation says of itself (``openapi_extra``) that answers with a file of this kind."""
    schema = {"type": "string", "format": "binary"} if binary else {"type": "string"}
    return {"responses": {200: {"description": "OK", "content": {kind: {"schema": schema}}}}}


def complete(document: Part) -> None:
    """Add to the document what it cannot read off the functions."""
    parts: Part = document["components"]
    parts["securitySchemes"].pop("VisitorAuth", None)
    problem = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    parts["responses"] = {name: {"description": said, "content": problem} for name, said in SAID.items()}
    for address, methods in document["paths"].items():
        for method, operation in methods.items():
            _open_to_visitors(operation)
            answers = {int(code): answer for code, answer in operation["responses"].items()}
            for code in _of_the_frame(address, method, operation) | answers.keys() & REFUSALS.keys():
                if code not in answers or _is_a_problem(answers[code]):
                    answers[code] = {"$ref": f"#/components/responses/{REFUSALS[code]}"}
            operation["responses"] = {str(code): answers[code] for code in sorted(answers)}


def _open_to_visitors(operation: Part) -> None:
    """Signed in or not: an empty choice says that nothing need be sent."""
    if {"VisitorAuth": []} in operation.get("security", []):
        operation["security"] = [{}, {"BearerAuth": []}, {"BrowserAuth": []}]


def _of_the_frame(address: str, method: str, operation: Part) -> set[int]:
    codes = {503}
    if operation.get("security"):
        codes |= {401} if method in READS else {401, 403}
    if operation.get("parameters"):
        codes |= {400, 422}
    if "requestBody" in operation:
        codes |= {400, 413, 422}
    if "{" in address:
        codes.add(404)
    return codes


def _is_a_problem(answer: Part) -> bool:
    schemas = [content.get("schema", {}) for content in answer.get("content", {}).values()]
    return schemas == [{"$ref": "#/components/schemas/Problem"}]
