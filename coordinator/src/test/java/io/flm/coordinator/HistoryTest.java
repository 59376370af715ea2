package io.flm.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.flm.coordinator.GenerationsView.GenerationView;
import io.flm.data.BrokenShards;
import io.flm.worker.Generation;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class HistoryTest {
    private final List<GenerationView> kept = new ArrayList<>();
    private final History history = new History(new EventLog(InstantSource.system()), kept::add);

    private static GenerationView past(long number, Instant at) {
        return new GenerationView(number, 10 * number, at.toString(), "a loss", 100, List.of());
    }

    @Test
    void generationsOfTheCoordinatorBeforeComeBeforeItsOwn() {
        Instant noon = Instant.parse("2023-06-18T12:00:00Z");
        history.add(generation(3), noon, "found", 0);
        history.committed(3, 40);
        assertThat(kept).extracting(GenerationView::tookMs).containsExactly(-1L, 40L);
        history.prepend(List.of(
                past(1, noon.minusSeconds(60)),
                past(2, noon.minusSeconds(50)),
                past(3, noon.plusSeconds(40)))); // another clock
        assertThat(history.view().generations())
                .extracting(GenerationView::number)
                .containsExactly(1L, 2L, 3L);
        assertThat(history.view().generations().get(2).why())
                .as("why it was made")
                .isEqualTo("a loss");
        history.committed(3, 90);
        assertThat(history.view().generations().get(2).tookMs()).isEqualTo(100);
    }

    /** What it has kept meanwhile is in the file that is read. */
    @Test
    void generationsThatWereMadeWhileThePastWasReadAreToldOnce() {
        Instant noon = Instant.parse("2023-06-18T12:00:00Z");
        for (long number = 3; number <= 5; number++) {
            history.add(generation(number), noon, "a loss", 0);
        }
        history.prepend(List.of(past(2, noon), past(3, noon), past(4, noon)));
        assertThat(history.view().generations())
                .extracting(GenerationView::number)
                .containsExactly(2L, 3L, 4L, 5L);
    }

    @Test
    void aRunThatIsBegunAgainCountsAnew() {
        Instant noon = Instant.parse("2023-06-18T12:00:00Z");
        history.add(new Generation(1, "run", 40, List.of(), List.of(), BrokenShards.NONE, null), noon, "resumed", 0);
        history.prepend(List.of(past(1, noon), past(2, noon)));
        assertThat(history.view().generations())
                .extracting(GenerationView::firstStep)
                .containsExactly(10L, 20L, 40L);
    }

    private static Generation generation(long number) {
        return new Generation(number, "run", 10 * number, List.of(), List.of(), BrokenShards.NONE, null);
    }

    @Test
    void onlyTheNewestAreTold() {
        history.prepend(LongStream.rangeClosed(1, 150)
                .mapToObj(number -> past(number, Instant.ofEpochSecond(number)))
                .toList());
        assertThat(history.view().generations())
                .hasSize(100)
                .first()
                .extracting(GenerationView::number)
                .isEqualTo(51L);
    }
}
