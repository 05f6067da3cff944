"""Everything a person types or a machine schedules: command line, settings, composition, the embedded database."""
