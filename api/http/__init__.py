"""HTTP beside GraphQL: health, figures, raw mail, attachments; and GraphQL over HTTP."""
