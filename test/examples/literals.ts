import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** Stands for what a template computes: a host, a path, a phase. One word, so that a command stays one. */
export const COMPUTED = '{computed}';

export interface Literal {
  /** 1-based. */
  readonly line: number;
  /** Parts joined by `+` are one text. */
  readonly text: string;
}

/** Every text in a TypeScript file: literals and templates, whole where they are added up. */
export function literalsOf(file: string): readonly Literal[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Literal[] = [];
  const visit = (node: ts.Node): void => {
    const text = ts.isImportDeclaration(node) ? undefined : textOf(node);
    if (text !== undefined) {
      found.push({ line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, text });
    }
    // What a template computes may hold texts of its own; the parts of a text are in it already.
    if (text === undefined || ts.isTemplateExpression(node) || ts.isBinaryExpression(node)) {
      ts.forEachChild(node, (child) => {
        if (text === undefined || !isPartOfText(child)) visit(child);
      });
    }
  };
  visit(source);
  return found;
}

function isPartOfText(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateHead(node);
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map((span) => COMPUTED + span.literal.text).join('');
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [textOf(node.left), textOf(node.right)];
    return left === undefined && right === undefined ? undefined : (left ?? COMPUTED) + (right ?? COMPUTED);
  }
  return undefined;
}
