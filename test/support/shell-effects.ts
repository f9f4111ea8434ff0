import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import type { Change, Effect } from '../../src/playbook/operation.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Stands in a template for what is only known when it is filled in. */
const FILLED = '‹?›';

/** Shell that ends, interrupts or empties something, and effects of which one has to be declared for it. */
const DISRUPTIVE: readonly (readonly [RegExp, readonly Effect[]])[] = [
  [/\bsystemctl\b[^\n;|&]*\b(re|try-re|reload-or-re)start\b/, ['restarts']],
  [/\bsystemctl\b[^\n;|&]* stop\b/, ['stops', 'restarts', 'kills']],
  [/\bsystemctl\b[^\n;|&]* (kill|isolate)\b|\bp?kill -(9|KILL|s KILL)\b|\bpkill\b/, ['kills']],
  [/\bsystemctl (-\S+ )*‹/, ['starts', 'restarts', 'stops']],
  [/\bumount\b/, ['restarts', 'stops']],
  [/\brabbitmqctl\b[^\n;|&]* stop_app\b/, ['stops', 'restarts', 'joins', 'wipes']],
  [/\brabbitmqctl\b[^\n;|&]* (force_)?reset\b|\breset-brick\b/, ['wipes', 'joins']],
  [/\bmv\b[^\n]*\.left-/, ['wipes', 'joins']],
  [/\bpcs\b[^\n;|&]* (destroy|cluster stop)\b/, ['stops', 'kills', 'wipes']],
];

/** What compares gives no text. */
const COMPARES: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.LessThanToken,
  ts.SyntaxKind.LessThanEqualsToken,
  ts.SyntaxKind.GreaterThanToken,
  ts.SyntaxKind.GreaterThanEqualsToken,
]);

/** Removes folders, unless it is a temporary one that the same script made. */
function removesFolders(shell: string): boolean {
  return /\brm -\w*r/.test(shell) && !/\bmktemp -d/.test(shell);
}

/** What `shell` does that needs an effect declared, each as the effects of which one has to be there. */
function needsOf(shell: string): readonly (readonly Effect[])[] {
  const found = DISRUPTIVE.filter(([pattern]) => pattern.test(shell)).map(([, effects]) => effects);
  return removesFolders(shell) ? [...found, ['wipes', 'joins']] : found;
}

/** What a change does by its script and does not declare, each as the effects of which one would have to be. */
export function undeclared({ script, effects = [] }: Change): readonly (readonly Effect[])[] {
  return needsOf(script).filter((needed) => !needed.some((effect) => effects.includes(effect)));
}

/** An object in the sources that has a script, with all shell that its script can be made of. */
export interface ScriptedObject {
  readonly file: string;
  readonly line: number;
  /** A probe has a parser. */
  readonly isProbe: boolean;
  readonly needs: readonly (readonly Effect[])[];
  /** Declared effects; absent where there are none, `unknown` where they are not literals. */
  readonly effects?: readonly string[] | 'unknown';
}

/** Every object with a script below `folders`, and every call that hands shell to a function which makes such an object. */
export function scriptedObjects(folders: readonly string[]): readonly ScriptedObject[] {
  const sources = new Map(
    folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
        .map((entry) => {
          const path = join(entry.parentPath, entry.name);
          const text = readFileSync(path, 'utf8');
          return [path, ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)] as const;
        }),
    ),
  );
  return [...new Reader(sources).all()];
}

type Sources = ReadonlyMap<string, ts.SourceFile>;

class Reader {
  readonly #sources: Sources;
  /** Parameters whose value becomes a part of a script. */
  readonly #shellParameters = new Set<ts.Node>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  *all(): Iterable<ScriptedObject> {
    for (const source of this.#sources.values()) {
      for (const node of descendants(source)) {
        if (ts.isObjectLiteralExpression(node)) yield* this.#object(node);
      }
    }
    for (const source of this.#sources.values()) {
      for (const node of descendants(source)) if (ts.isCallExpression(node)) yield* this.#call(node);
    }
  }

  *#object(node: ts.ObjectLiteralExpression): Iterable<ScriptedObject> {
    const script = propertyOf(node, 'script');
    if (!script) return;
    const parameters = new Set<ts.Node>();
    const shell = this.#shellOf(script, new Set(), parameters);
    for (const parameter of parameters) this.#shellParameters.add(parameter);
    const effects = effectsOf(node);
    yield {
      ...placeOf(node),
      isProbe: propertyOf(node, 'parse') !== undefined,
      needs: needsOf(shell),
      ...(effects ? { effects } : {}),
    };
  }

  /** Shell in an argument of a function that makes a change of it. An object with a script is looked at by itself. */
  *#call(node: ts.CallExpression): Iterable<ScriptedObject> {
    const callee = this.#declarationOf(node.expression);
    if (!callee || !ts.isFunctionLike(callee)) return;
    const given = node.arguments.filter(
      (argument) => !ts.isObjectLiteralExpression(argument) || !propertyOf(argument, 'script'),
    );
    const scripted = given.filter((argument) => {
      const parameter = callee.parameters[node.arguments.indexOf(argument)];
      return parameter !== undefined && this.#shellParameters.has(parameter);
    });
    if (scripted.length === 0) return;
    const shell = scripted.map((argument) => this.#shellOf(argument, new Set(), new Set())).join('\n');
    const declared = given.map((argument) => this.#effectsIn(argument));
    const words = declared.flatMap((effects) => (effects === 'unknown' ? [] : effects));
    const effects = declared.includes('unknown') ? 'unknown' : words;
    yield {
      ...placeOf(node),
      isProbe: false,
      needs: needsOf(shell),
      ...(effects.length > 0 ? { effects } : {}),
    };
  }

  /** Effects that an argument declares: as a list, as the name of one, or as a part of an object. */
  #effectsIn(argument: ts.Expression): readonly string[] | 'unknown' {
    if (ts.isObjectLiteralExpression(argument)) return effectsOf(argument) ?? [];
    const list = ts.isIdentifier(argument) ? this.#declarationOf(argument) : argument;
    if (list && ts.isArrayLiteralExpression(list)) return wordsOf(list);
    return ts.isIdentifier(argument) && /effects$/i.test(argument.text) ? 'unknown' : [];
  }

  /** All text that `node` can come to, through constants and functions; parameters that it takes are added. */
  #shellOf(node: ts.Node, seen: Set<ts.Node>, parameters: Set<ts.Node>): string {
    if (seen.has(node)) return '';
    seen.add(node);
    if (ts.isStringLiteralLike(node)) return node.text;
    if (ts.isTemplateExpression(node)) {
      const spans = node.templateSpans.map(({ literal }) => `${FILLED}${literal.text}`);
      const inner = node.templateSpans.map(({ expression }) => this.#shellOf(expression, seen, parameters));
      return [`${node.head.text}${spans.join('')}`, ...inner].join('\n');
    }
    if (ts.isIdentifier(node)) {
      const declaration = this.#declarationOf(node);
      if (declaration && ts.isParameter(declaration)) {
        parameters.add(declaration);
        return '';
      }
      return declaration ? this.#shellOf(declaration, seen, parameters) : '';
    }
    if (ts.isPropertyAccessExpression(node)) {
      const declaration = this.#declarationOf(node);
      return this.#shellOf(declaration ?? node.expression, seen, parameters);
    }
    if (ts.isBinaryExpression(node) && COMPARES.has(node.operatorToken.kind)) return '';
    const parts: string[] = [];
    node.forEachChild((child) => {
      if (!ts.isTypeNode(child)) parts.push(this.#shellOf(child, seen, parameters));
    });
    return parts.join('\n');
  }

  /** What a name stands for: a constant's value, a function, a parameter. */
  #declarationOf(node: ts.Node): ts.Node | undefined {
    if (ts.isPropertyAccessExpression(node)) {
      if (!ts.isIdentifier(node.expression)) return undefined;
      const module = this.#imported(node.getSourceFile(), node.expression.text);
      return module && module.name === '*' ? this.#exported(module.file, node.name.text) : undefined;
    }
    if (!ts.isIdentifier(node)) return undefined;
    for (let scope = node.parent as ts.Node | undefined; scope; scope = scope.parent as ts.Node | undefined) {
      const found = declaredIn(scope, node.text);
      if (found && found !== node) return found;
    }
    const module = this.#imported(node.getSourceFile(), node.text);
    return module && this.#exported(module.file, module.name);
  }

  #exported(file: string, name: string): ts.Node | undefined {
    const source = this.#sources.get(file);
    return source && declaredIn(source, name);
  }

  #imported(source: ts.SourceFile, local: string): { file: string; name: string } | undefined {
    for (const statement of source.statements) {
      if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
      const file = resolve(dirname(source.fileName), statement.moduleSpecifier.text);
      const bindings = statement.importClause?.namedBindings;
      if (!bindings) continue;
      if (ts.isNamespaceImport(bindings)) {
        if (bindings.name.text === local) return { file, name: '*' };
        continue;
      }
      const found = bindings.elements.find((element) => element.name.text === local);
      if (found) return { file, name: (found.propertyName ?? found.name).text };
    }
    return undefined;
  }
}

function* descendants(node: ts.Node): Iterable<ts.Node> {
  const children: ts.Node[] = [];
  node.forEachChild((child) => void children.push(child));
  for (const child of children) {
    yield child;
    yield* descendants(child);
  }
}

/** What `scope` itself declares under a name. */
function declaredIn(scope: ts.Node, name: string): ts.Node | undefined {
  if (ts.isFunctionLike(scope)) {
    const parameter = scope.parameters.find((candidate) => binds(candidate.name, name));
    if (parameter) return parameter;
  }
  if (!ts.isSourceFile(scope) && !ts.isBlock(scope)) return undefined;
  for (const statement of scope.statements) {
    if (ts.isFunctionDeclaration(statement) && statement.name?.text === name) return statement;
    if (!ts.isVariableStatement(statement)) continue;
    const found = statement.declarationList.declarations.find((candidate) => binds(candidate.name, name));
    if (found?.initializer) return found.initializer;
  }
  return undefined;
}

function binds(binding: ts.BindingName, name: string): boolean {
  if (ts.isIdentifier(binding)) return binding.text === name;
  return binding.elements.some((element) => ts.isBindingElement(element) && binds(element.name, name));
}

function propertyOf(node: ts.ObjectLiteralExpression, name: string): ts.Node | undefined {
  for (const property of node.properties) {
    if (!property.name || !ts.isIdentifier(property.name) || property.name.text !== name) continue;
    if (ts.isPropertyAssignment(property)) return property.initializer;
    return ts.isShorthandPropertyAssignment(property) ? property.name : property;
  }
  return undefined;
}

function effectsOf(node: ts.ObjectLiteralExpression): readonly string[] | 'unknown' | undefined {
  const declared = propertyOf(node, 'effects');
  if (declared && ts.isArrayLiteralExpression(declared)) return wordsOf(declared);
  if (declared) return 'unknown';
  const spread = node.properties.some(
    (property) => ts.isSpreadAssignment(property) && /\beffects\b/.test(property.getText()),
  );
  return spread ? 'unknown' : undefined;
}

function wordsOf(list: ts.ArrayLiteralExpression): readonly string[] {
  return [...descendants(list)].filter(ts.isStringLiteral).map((literal) => literal.text);
}

function placeOf(node: ts.Node): { readonly file: string; readonly line: number } {
  const source = node.getSourceFile();
  return {
    file: relative(ROOT, source.fileName),
    line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1,
  };
}
