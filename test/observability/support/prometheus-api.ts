/** A series and its value now. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An alert that Prometheus has raised. */
export interface RaisedAlert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What the tests ask of a Prometheus. */
export class PrometheusApi {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async query(query: string): Promise<Sample[]> {
    const { result } = await this.#get<{ result: { metric: Sample['metric']; value: [number, string] }[] }>(
      'query',
      { query },
    );
    return result.map(({ metric, value: [, text] }) => ({
      metric,
      value: Number(text.replace('Inf', 'Infinity')),
    }));
  }

  /** The values of a label in the series that are selected. */
  async labelValues(label: string, selector: string): Promise<string[]> {
    return this.#get(`label/${label}/values`, { 'match[]': selector });
  }

  async alerts(): Promise<RaisedAlert[]> {
    return (await this.#get<{ alerts: RaisedAlert[] }>('alerts')).alerts;
  }

  async #get<T>(path: string, parameters: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(`Prometheus refuses ${JSON.stringify(parameters)}: ${error}`);
    return data;
  }
}
