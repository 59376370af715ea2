package io.flm.worker.evaluate;

/** The figures of an evaluation. All are fractions in [0, 1], more is better; but the loss, in nats. */
public enum Score {
    TOKEN_LOSS("tokenLoss", "Token loss", "mean cross entropy of a token whose context has holes"),
    TOKEN_ACCURACY("tokenAccuracy", "Token accuracy", "tokens found, whose context has holes"),
    CLOZE_ACCURACY("clozeAccuracy", "Cloze accuracy", "tokens of the name found, all others seen"),
    TEXT_RETRIEVAL_R1("textRetrievalR1", "Name of a picture, R@1", "the right name comes first"),
    TEXT_RETRIEVAL_R5("textRetrievalR5", "Name of a picture, R@5", "the right name is among the first 5"),
    TEXT_RETRIEVAL_R10("textRetrievalR10", "Name of a picture, R@10", "the right name is among the first 10"),
    IMAGE_RETRIEVAL_R1("imageRetrievalR1", "Picture of a name, R@1", "the right picture comes first"),
    IMAGE_RETRIEVAL_R5("imageRetrievalR5", "Picture of a name, R@5", "the right picture is among the first 5"),
    IMAGE_RETRIEVAL_R10("imageRetrievalR10", "Picture of a name, R@10", "the right picture is among the first 10"),
    CAPTION_EXACT_MATCH("captionExactMatch", "Captions, exact match", "the greedy caption is the name"),
    CAPTION_F1("captionF1", "Captions, F1", "words that the greedy caption and the name share");

    private final String key;
    private final String title;
    private final String meaning;

    Score(String key, String title, String meaning) {
        this.key = key;
        this.title = title;
        this.meaning = meaning;
    }

    /** The name in JSON. */
    public String key() {
        return key;
    }

    /** The name for people. */
    public String title() {
        return title;
    }

    /** What is counted, in a few words. */
    public String meaning() {
        return meaning;
    }
}
