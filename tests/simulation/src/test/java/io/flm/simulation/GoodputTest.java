package io.flm.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class GoodputTest {
    private static final Simulation SIMULATION = new Simulation();
    private static final double NEVER = 1e9;

    @AfterAll
    static void close() {
        SIMULATION.close();
    }

    private static Goodput.Summary goodput(int nodes, double hours, Scenario.Plan plan) {
        Simulation.Outcome outcome = SIMULATION.run(Scenario.plan(1, nodes, hours, plan), line -> {});
        assertThat(outcome.what()).isNull();
        return outcome.goodput();
    }

    @Test
    void whereNothingHappensAllOfTheTimeGoesIntoSteps() {
        Goodput.Summary g = goodput(8, 0.5, new Scenario.Plan(NEVER, 1000, 60_000, 100, 10_000, 5000, 5000));
        assertThat(g.generations()).isEqualTo(1);
        assertThat(g.share()).isBetween(0.99, 1.001);
        assertThat(g.steps()).isBetween(1750L, 1800L);
    }

    @Test
    void itIsTheStepsThatWereCommittedTimesWhatAStepTakesOverTheTime() {
        Goodput.Summary g = goodput(8, 0.5, new Scenario.Plan(0.5, 1000, 60_000, 100, 10_000, 5000, 5000));
        assertThat(g.recoveries()).isPositive();
        assertThat(g.share())
                .isEqualTo(g.steps() / (g.hours() * 3600), within(1e-9))
                .isLessThan(0.95);
    }

    @Test
    void aStateThatTakesLongerToFetchCostsMore() {
        Goodput.Summary soon = goodput(8, 0.5, new Scenario.Plan(0.5, 1000, 60_000, 100, 10_000, 5000, 1000));
        Goodput.Summary late = goodput(8, 0.5, new Scenario.Plan(0.5, 1000, 60_000, 100, 10_000, 5000, 60_000));
        assertThat(late.share()).isLessThan(0.9 * soon.share());
    }

    @Test
    void whereAStepIsDrawnThereIsNoShare() {
        assertThat(SIMULATION.run(Scenario.draw(1), line -> {}).goodput().share())
                .isZero();
    }
}
