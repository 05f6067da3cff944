"""The frame that every HTTP face stands in: routes with policies, bodies, problems, languages, pages."""
