//! Predicted curves and standardised risks.

use super::words;

words! {
    predicted_survival_title { "Predicted survival at chosen times", "Predikert overlevelse ved valgte tider" }
    predicted_incidence_title {
        "Predicted cumulative incidence at chosen times",
        "Predikert kumulativ insidens ved valgte tider"
    }
    survival { "Survival", "Overlevelse" }
    cumulative_incidence { "Cumulative incidence", "Kumulativ insidens" }
    cumulative_hazard_se { "Cumulative hazard (SE)", "Kumulativ hasard (SE)" }
    subdistribution_hazard_se {
        "Cumulative subdistribution hazard (SE)",
        "Kumulativ subdistribusjonshasard (SE)"
    }
    censored_remark {
        "With competing events censored, one minus survival is not the probability of the event; the cumulative incidence is.",
        "Når konkurrerende hendelser er sensurert, er én minus overlevelse ikke sannsynligheten for hendelsen; det er den kumulative insidensen."
    }
    incidence_remark {
        "The cumulative incidence is the probability of the event by the time, with competing events as they are. Those with a competing event are no longer counted at risk.",
        "Kumulativ insidens er sannsynligheten for hendelsen innen tiden, med konkurrerende hendelser som de er. De som har hatt en konkurrerende hendelse, regnes ikke lenger som under risiko."
    }
    subdistribution_remark {
        "The hazard of a Fine-Gray model is that of the subdistribution; limits take the censoring weights for known.",
        "Hasarden i en Fine-Gray-modell er subdistribusjonens; grensene tar sensureringsvektene som kjente."
    }
    by_causes_remark {
        "The incidence of a cause-specific model comes from it and a model of the competing events with the same formula; the hazard is that of the event.",
        "Insidensen fra en årsaksspesifikk modell kommer fra den og en modell for de konkurrerende hendelsene med samme formel; hasarden er hendelsens."
    }
    stratum_counts_remark {
        "At risk and events count the records of the curve's stratum, whatever their covariates.",
        "Under risiko og hendelser teller observasjonene i kurvens stratum, uansett kovariater."
    }
    median_title { "Median of predicted survival curves", "Median for predikerte overlevelseskurver" }
    curve { "Curve", "Kurve" }
    observed_until { "Observed until", "Observert til" }
    median_not_reached {
        "not reached: survival stays above one half",
        "ikke nådd: overlevelsen holder seg over en halv"
    }
    standardised_risks_by(exposure) { "Standardised risks by {exposure}", "Standardiserte risikoer etter {exposure}" }
    standardised_time_by(exposure) {
        "Standardised mean time without event by {exposure}",
        "Standardisert gjennomsnittlig tid uten hendelse etter {exposure}"
    }
    risk { "Risk", "Risiko" }
    mean_time { "Mean time", "Gjennomsnittlig tid" }
    by_day(time) { "By day {time}", "Innen dag {time}" }
    by_time(time) { "By time {time}", "Innen tid {time}" }
    averaged_risk(model, population, n, from, level) {
        "Mean risk predicted by the model \"{model}\" over the {population}{n}, everyone at the level of the row, from time {from} on. {level} intervals by the delta method",
        "Gjennomsnittlig risiko predikert av modellen «{model}» over alle {population}{n}, alle på radens nivå, fra tid {from}. {level}-intervaller etter deltametoden"
    }
    averaged_time(model, population, n, from, level) {
        "Mean time without event predicted by the model \"{model}\" over the {population}{n}, everyone at the level of the row, from time {from} on. {level} intervals by the delta method",
        "Gjennomsnittlig tid uten hendelse predikert av modellen «{model}» over alle {population}{n}, alle på radens nivå, fra tid {from}. {level}-intervaller etter deltametoden"
    }
    covariates_fixed { "intervals are about these records", "intervallene gjelder disse observasjonene" }
    covariates_sampled {
        "intervals count the covariates as a sample",
        "intervallene regner kovariatene som et utvalg"
    }
    averaged_end(averaged, covariates) {
        "{averaged}; {covariates}. Ends of follow-up other than the event, competing ones too, count as censoring. Records and events are those observed at the level.",
        "{averaged}; {covariates}. Andre slutter på oppfølgingen enn hendelsen, også konkurrerende, regnes som sensurering. Observasjoner og hendelser er de som er observert på nivået."
    }
}
