"""The draft engine: every form that must not be lost is a draft of a registered kind.

``kinds`` — what an app registers; ``saving`` — the one function behind PATCH and the HTML form;
``reading`` — what people see of drafts.
"""
