/*! With parts of GOV.UK Frontend (MIT licence, Crown copyright). */
// Makes pages easier where there is JavaScript: every one of them works without.
import { Button, ErrorSummary, ExitThisPage, NotificationBanner, createAll } from "govuk-frontend";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
for (const component of [Button, ErrorSummary, ExitThisPage, NotificationBanner]) createAll(component);
