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
        history.add(new Generation(3, "run", 30, List.of(), List.of(), BrokenShards.NONE, null), noon, "found", 0);
        history.committed(3, 40);
        assertThat(kept).extracting(GenerationView::tookMs).containsExactly(-1L, 40L);
        history.prepend(List.of(past(1, noon.minusSeconds(60)), past(2, noon.minusMillis(5)), past(3, noon)));
        assertThat(history.view().generations())
                .extracting(GenerationView::number)
                .as("the last one is its own")
                .containsExactly(1L, 2L, 3L);
        assertThat(history.view().generations().get(2).why()).isEqualTo("found");
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
