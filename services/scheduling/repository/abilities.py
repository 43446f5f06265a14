"""What a desk, window or interpreter must be able to do for an appointment that holds its time."""

from services.scheduling.domain.needs import OF_INTERPRETERS, SIGNED, SPOKEN

ASKED_OF_INTERPRETERS = ", ".join(f"'{word}'" for word in sorted({*OF_INTERPRETERS, SIGNED, SPOKEN}))

IS_UNABLE = f"""
case when r.kind = 'interpreter'
     then not (string_to_array(coalesce(a.interpreter, ''), '+') <@ r.languages
               and array(select w from unnest(a.accommodations) w where w in ({ASKED_OF_INTERPRETERS}))
                   <@ (r.accommodations || r.modes)
               and (r.site = a.site or r.is_remote))
     else not (a.programme = any(r.programmes)
               and array(select w from unnest(a.accommodations) w where w not in ({ASKED_OF_INTERPRETERS}))
                   <@ r.accommodations) end
"""  # noqa: S608  only our own words are put in
"""Of an appointment `a` that holds time of the resource `r`: it cannot be heard there as it was promised."""
