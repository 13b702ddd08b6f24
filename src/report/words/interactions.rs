//! Interaction analyses.

use super::words;

words! {
    within_levels_title(exposure, modifier) {
        "{exposure} within levels of {modifier}",
        "{exposure} innen nivåer av {modifier}"
    }
    cells_with_event { "With event", "Med hendelse" }
    without_event { "Without event", "Uten hendelse" }
    joint_reference(hr) { "{hr}, joint reference", "{hr}, felles referanse" }
    hr_of_within(hr, of, within) { "{hr} of {of} within {within}", "{hr} for {of} innen {within}" }
    ratio_of_hrs { "Ratio of HRs", "Forhold mellom HR-er" }
    interaction_tests_title { "Tests of interaction", "Tester av interaksjon" }
    interaction { "Interaction", "Interaksjon" }
    on_top_of { "On top of", "I tillegg til" }
    hazard_ratios_of(exposure) { "Hazard ratios of {exposure}", "Hasardratioer for {exposure}" }
    ratio_of_ratios { "Ratio of hazard ratios", "Forhold mellom hasardratioer" }
    ratio_of_ratios_against(level) { "Ratio of hazard ratios, against {level}", "Forhold mellom hasardratioer, mot {level}" }
    joint_wald_test { "Interaction, joint Wald test", "Interaksjon, felles Wald-test" }
    joint_lr_test { "Interaction, likelihood-ratio test", "Interaksjon, likelihood-ratio-test" }
    joint_pooled_test { "Interaction, pooled Wald test", "Interaksjon, sammenslått Wald-test" }
    hr_joint_reference { "HR, joint reference", "HR, felles referanse" }
    additive_title(exposure, modifier) {
        "{exposure} by {modifier} on the additive scale",
        "{exposure} etter {modifier} på additiv skala"
    }
    additive_remark {
        "RERI, relative excess risk due to interaction; AP, attributable proportion; S, synergy index; all from the joint hazard ratios.",
        "RERI, relativ overrisiko som skyldes interaksjon; AP, tilskrivbar andel; S, synergiindeks; alle fra hasardratioene med felles referanse."
    }
    negative_synergy {
        "S below 0 says nothing: the joint excess and the sum of the single excesses have different signs",
        "S under 0 sier ingenting: den felles overrisikoen og summen av de enkelte har ulikt fortegn"
    }
    runaway_synergy {
        "the denominator of S may be 0 as far as the data say, so that its interval has no end",
        "nevneren i S kan være 0 etter det dataene sier, så intervallet har ingen ende"
    }
    on_top_of_model(model, adjusted) {
        "On top of the model \"{model}\"{adjusted}.",
        "I tillegg til modellen «{model}»{adjusted}."
    }
    adjusted_for(names) { ", adjusted for {names}", ", justert for {names}" }
}
